import type { EnrollmentEventType, Instant, Period, Terms } from '../../index.js'

/**
 * What the reference model knows of one user. It is written from docs/state-machine.md and shares no code with the
 * machine: two ways to the same answer. All of it is JSON, so that a copy keeps a moment.
 */
export interface UserModel {
  userId: string
  /** what is stored has this version; null where nothing is */
  version: string | null
  /** until something is stored the policy's terms for new users are what stands, from now on each time */
  stored: boolean
  requirement: RequirementModel | null
  exemption: { until: Instant; reason: string } | null
  /** when the period's clock was stopped; null where the user is not suspended */
  stoppedAt: Instant | null
  signedInAt: Instant | null
  sessionsValidFrom: Instant | null
  authenticators: AuthenticatorModel[]
  setup: SetupModel | null
  /** when terms were changed of which it cannot be told yet whether they ask for a pass */
  passAskedAt: Instant | null
  recoveryCodes: RecoveryCodeModel[]
  pass: { code: string | null; expiresAt: Instant; triesLeft: number; key: number } | null
  /** the last pass that somebody was told, used or not */
  passSeen: string | null
  failures: { totp: FailuresModel; 'recovery-code': FailuresModel }
  /** the types of the events that are stored, in order */
  events: EnrollmentEventType[]
}

export interface RequirementModel {
  period: Period
  since: Instant
  selfEnrollment: 'always' | 'during-period' | 'with-pass'
  postponements: number | null
  postponed: number
  postponedSignIns: string[]
  assignedAt: Instant
  startsAt: Instant | null
  deadline: Instant
  /** what is left to count once the first sign-in comes; null where none is waited for */
  daysOnceStarted: number | null
  /** whether a calendar rounds deadlines, and whether the last one has been seen since it was rounded */
  calendar: 'none' | 'seen' | 'rounds'
}

/** What an app on a phone has of a secret. */
export interface AppModel {
  /** base32 */
  secret: string
  keyUri: string
  digits: number
  /** in seconds */
  period: number
}

export interface AuthenticatorModel {
  /** null until it was seen: the answer that told it was lost */
  id: string | null
  label: string
  app: AppModel
  boundAt: Instant
  lastUsedAt: Instant | null
  lastStep: number | null
  /** which generation of the key it is sealed under */
  key: number
}

export interface SetupModel {
  /** null, as its app, where nobody was told */
  id: string | null
  label: string
  app: AppModel | null
  expiresAt: Instant
  triesLeft: number
  proven: boolean
  key: number
}

export interface RecoveryCodeModel {
  /** null where nobody was told */
  code: string | null
  used: boolean
  imported: boolean
  key: number
}

export interface FailuresModel {
  /** since the last success */
  inARow: Instant[]
  /** those that the rolling cap counts, whatever succeeded between */
  recent: Instant[]
}

/** What is the same for everybody while a call is made. */
export interface Moment {
  now: Instant
  /** the generation of the key that seals */
  key: number
  newUsers: 'optional' | Terms
}

/** The limits that the systems under test have: tight ones, so that a short run reaches all of them. */
export const LIMITS = {
  setup: { expiresAfterMs: 600_000, tries: 3 },
  lock: {
    afterFailures: 3,
    forMs: [60_000, 3_600_000],
    disableAfterFailures: 6,
    rollingCap: { failures: 8, days: 30 },
  },
  recoveryCodes: { count: 3 },
  maxAuthenticators: 3,
  pass: { expiresAfterMs: 3_600_000, tries: 2 },
} as const

export const DAY = 86_400_000
export const STEP = 30_000

/** Somebody of whom nothing is known. */
export function newUserModel(userId: string): UserModel {
  return {
    userId,
    version: null,
    stored: false,
    requirement: null,
    exemption: null,
    stoppedAt: null,
    signedInAt: null,
    sessionsValidFrom: null,
    authenticators: [],
    setup: null,
    passAskedAt: null,
    recoveryCodes: [],
    pass: null,
    passSeen: null,
    failures: { totp: { inARow: [], recent: [] }, 'recovery-code': { inARow: [], recent: [] } },
    events: [],
  }
}

/** The same facts once more, apart from the first. */
export function copyOf(user: UserModel): UserModel {
  return JSON.parse(JSON.stringify(user))
}
