import type { Arbitrary, default as fastCheck } from 'fast-check'
import { assertObject } from '../assert.js'
import type { Identity } from '../http/index.js'
import type {
  Calendar,
  Enrollment,
  EnrollmentChange,
  EnrollmentEvent,
  EnrollmentStatus,
  Instant,
  Note,
  Period,
  Policy,
  ResolvedTerms,
  RolloutFilter,
  SignInDecision,
  Terms,
  TermsLayer,
  UserId,
} from '../index.js'
import type { DriftWindow, KeyUri, TotpParameters } from '../totp/index.js'
import {
  type CodeOf,
  foreignRecoveryCodes,
  hostileCodes,
  keyUris,
  parametersOf,
  recoveryCodesOf,
  rightCodes,
  secrets,
  spellings,
  wrongCodes,
} from './arbitraries/codes.js'
import { live, lives, signedIn } from './arbitraries/lives.js'
import { identities, type RequestPart, requests, returnPaths } from './arbitraries/requests.js'
import { commands, lapses, stories } from './arbitraries/stories.js'
import {
  calendars,
  type DeadlineChange,
  deadlineChanges,
  driftWindows,
  type Exemption,
  exemptions,
  filters,
  type Grace,
  graces,
  instants,
  layersOf,
  periods,
  policies,
  resolvedTermsOf,
  termsOf,
} from './arbitraries/terms.js'
import { hostileTexts, hostileValues, labels, notes, userIds } from './arbitraries/text.js'
import type { Command, Lapse, StoryStep } from './given/commands.js'

/**
 * Values for property tests. All of them are taken by leeway, but for those that are called wrong or hostile, which are
 * refused as it is written. All shrink.
 */
export interface Arbitraries {
  /** Milliseconds since the Unix epoch: of our days mostly, and from 0 to 8.64e15. */
  instant(): Arbitrary<Instant>
  /** Calendars of places whose clocks change in strange ways, with days off. */
  calendar(): Arbitrary<Calendar>
  /** Enrollment periods of every kind; what they name lies from 2000 to 2100. */
  period(): Arbitrary<Period>
  /** Terms around such a period. */
  terms(): Arbitrary<Terms>
  /** What `resolveTerms` takes: up to eight layers of every scope, with ties, or none. */
  termsLayers(): Arbitrary<readonly TermsLayer[]>
  /** What `resolveTerms` answers, for `requireEnrollment` and roll-outs. */
  resolvedTerms(): Arbitrary<ResolvedTerms>
  /** What `changeDeadline` takes. */
  deadlineChange(): Arbitrary<DeadlineChange>
  /** What `exempt` takes; some are over by now. */
  exemption(): Arbitrary<Exemption>
  /** What `resetMfa` takes as `grace`. */
  grace(): Arbitrary<Grace>
  /** Policies with any of their parts, but for `protect`, which is a function. */
  policy(): Arbitrary<Policy>
  /** Who did it and why; with `force`, which needs a reason, or without. */
  note(): Arbitrary<Note>
  /** Filters of `rollout.list` and `rollout.exportCsv`, with any of their parts. */
  rolloutFilter(): Arbitrary<RolloutFilter>

  /** User ids, ordinary ones and such as trip stores up: blanks, other forms of one text, names of object properties. */
  userId(): Arbitrary<UserId>
  /** What people call things: labels of authenticators, reasons, actors; 1 to 100 characters of all scripts. */
  label(): Arbitrary<string>
  /** Text that no form should have sent: lone surrogates, U+0000, markup, megabytes. Nothing may throw or be accepted. */
  hostileText(): Arbitrary<string>
  /** Anything at all, as JavaScript callers hand it over: text, and what only looks like it. */
  hostileValue(): Arbitrary<unknown>

  /** Secrets of 10 to 128 bytes, of 20 mostly. */
  secret(): Arbitrary<Uint8Array>
  /** Algorithm, digits and period, each given or left to its default; `t0` is left out, since no app knows another. */
  totpParameters(): Arbitrary<TotpParameters>
  /** Drift windows of up to ten time steps in all. */
  driftWindow(): Arbitrary<DriftWindow>
  /** What `formatKeyUri` takes, and `parseKeyUri` gives back; map it with the former for the text. */
  keyUri(): Arbitrary<KeyUri>
  /** Codes that `verifyTotp` accepts for this secret at this instant, in every way people type them. */
  rightCode(of: CodeOf): Arbitrary<string>
  /** Codes of the right form that it refuses as a mismatch. */
  wrongCode(of: CodeOf): Arbitrary<string>
  /** What it refuses as malformed, whatever the secret: full-width digits, megabytes, numbers, other values. */
  hostileCode(): Arbitrary<unknown>
  /** Recovery codes, and passes, of the right form that nobody was given. */
  recoveryCode(): Arbitrary<string>
  /** A recovery code or pass as people type it: in any case, in groups or not, O for 0 and l for 1. */
  spelling(recoveryCode: string): Arbitrary<string>
  /** Recovery codes as `importAuthenticator` takes them from other systems. */
  importedRecoveryCode(): Arbitrary<string>

  /** A call of leeway as plain data, with codes in words; the instants in it are within weeks of `around`. */
  command(around?: Instant): Arbitrary<Command>
  /** Time that goes by: little, much, and to just about where something ends. */
  lapse(): Arbitrary<Lapse>
  /** Whatever may happen to a user, for `givenWith({ mayBeRefused: true })`. */
  story(around?: Instant): Arbitrary<StoryStep[]>
  /**
   * Stored records in every state that can be reached: such stories, lived by the state machine. Valid for the codec, but
   * sealed by no cipher: for stores, reports and decisions. To check codes, tell a `story` with `given`.
   */
  enrollment(): Arbitrary<Enrollment>
  /** The writes of such a story in their order, for one user: each expects the version of the one before. */
  changes(): Arbitrary<readonly EnrollmentChange[]>
  /** What `signIn` may answer: for your own switch over the five actions. */
  decision(): Arbitrary<SignInDecision>
  /** What `status` may answer: for your own pages. */
  status(): Arbitrary<EnrollmentStatus>
  /** What `onEvents` is told: for your own audit trail. */
  events(): Arbitrary<readonly EnrollmentEvent[]>

  /** What `identify` of `leeway/http` may answer. */
  identity(): Arbitrary<Identity>
  /** Requests to all that `openApiDocument()` names, with fields of all kinds and hostile ones. None may be answered 5xx. */
  request(document: object): Arbitrary<RequestPart>
  /** Texts that a link may have as `return_to`, most of which lead elsewhere; `returnTo` answers a path for each. */
  returnPath(): Arbitrary<string>
}

/**
 * Arbitraries for property tests of what is built on leeway. fast-check is handed in, so that `leeway/testing` can be
 * used without it: `arbitraries(fc)`.
 *
 * Throws a `TypeError` where it is left out.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const { keyUri, decision } = arbitraries(fc)
 * fc.assert(fc.property(keyUri(), (key) => parseKeyUri(formatKeyUri(key)).issuer === key.issuer))
 * fc.assert(fc.property(decision(), ({ phase, action }) => phase !== 'overdue' || action === 'require-setup'))
 * ```
 */
export function arbitraries(fc: typeof fastCheck): Arbitraries {
  assertObject(fc, 'fc')
  const lived = () => lives(fc).map((life) => live(life))
  return Object.freeze({
    instant: () => instants(fc),
    calendar: () => calendars(fc),
    period: () => periods(fc),
    terms: () => termsOf(fc),
    termsLayers: () => layersOf(fc),
    resolvedTerms: () => resolvedTermsOf(fc),
    deadlineChange: () => deadlineChanges(fc, instants(fc)),
    exemption: () => exemptions(fc, instants(fc)),
    grace: () => graces(fc),
    policy: () => policies(fc),
    note: () => notes(fc),
    rolloutFilter: () => filters(fc),

    userId: () => userIds(fc),
    label: () => labels(fc),
    hostileText: () => hostileTexts(fc),
    hostileValue: () => hostileValues(fc),

    secret: () => secrets(fc),
    totpParameters: () => parametersOf(fc),
    driftWindow: () => driftWindows(fc),
    keyUri: () => keyUris(fc),
    rightCode: (of: CodeOf) => rightCodes(fc, of),
    wrongCode: (of: CodeOf) => wrongCodes(fc, of),
    hostileCode: () => hostileCodes(fc),
    recoveryCode: () => recoveryCodesOf(fc),
    spelling: (recoveryCode: string) => spellings(fc, recoveryCode),
    importedRecoveryCode: () => foreignRecoveryCodes(fc),

    command: (around?: Instant) => commands(fc, around),
    lapse: () => lapses(fc),
    story: (around?: Instant) => stories(fc, around),
    enrollment: () => lived().map(({ record }): Enrollment => record),
    changes: () => lived().map(({ changes }) => changes),
    decision: () => fc.tuple(lives(fc), fc.boolean()).map(([life, sensitive]) => signedIn(live(life), life, sensitive)),
    status: () => lived().map(({ status }) => status),
    events: () => lived().map(({ changes }) => changes.flatMap(({ events }) => events)),

    identity: () => identities(fc),
    request: (document: object) => requests(fc, document),
    returnPath: () => returnPaths(fc),
  })
}
