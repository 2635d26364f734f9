/**
 * What is answered. An object carries what is declared here and nothing else, so that what a method's result gains later is
 * not told by accident.
 */

import * as z from 'zod/mini'
import type {
  AdminResult,
  CodeResult,
  ConfirmSetupResult,
  EnrollmentEvent,
  EnrollmentStatus,
  PhaseCounts,
  SignInDecision,
} from '../index.js'
import { explanation, instant, named, phase, type Schema } from './schemas.js'

const instantOrNull = z.nullable(instant)
const count = z.int().check(z.gte(0))

/* ------------------------------------------------------------------------------------------------- what may happen next */

const facts = { phase, deadline: instantOrNull, daysLeft: z.nullable(count), sessionsValidFrom: instantOrNull }

/** What a session may do next. */
export const decision: Schema<SignInDecision> = named(
  'Decision',
  z.union([
    z.object({ ...facts, action: z.literal('allow') }),
    z.object({
      ...facts,
      action: z.literal('offer-setup'),
      postponementsLeft: z.nullable(count),
      passRequired: z.boolean(),
    }),
    z.object({
      ...facts,
      action: z.literal('require-setup'),
      reason: z.enum(['overdue', 'postponements-used', 'sensitive']),
      passRequired: z.boolean(),
    }),
    z.object({
      ...facts,
      action: z.literal('challenge'),
      methods: z.array(z.object({ method: z.enum(['totp', 'recovery-code']), lockedUntil: instantOrNull })),
    }),
    z.object({ ...facts, action: z.literal('deny'), reason: z.literal('suspended') }),
  ]),
)

/* -------------------------------------------------------------------------------------------------------------- status */

const lockState = named(
  'LockState',
  z.union([
    z.object({ state: z.literal('open') }),
    z.object({ state: z.literal('locked'), until: instant }),
    z.object({ state: z.literal('disabled') }),
  ]),
)

const ownRequirement = {
  assignedAt: instant,
  startsAt: instantOrNull,
  deadline: instant,
  daysLeft: count,
  selfEnrollment: z.enum(['always', 'during-period', 'with-pass']),
  postponementsLeft: z.nullable(count),
}

const factor = {
  authenticators: z.array(z.object({ id: z.string(), label: z.string(), boundAt: instant, lastUsedAt: instantOrNull })),
  recoveryCodesLeft: count,
  setup: z.nullable(z.object({ expiresAt: instant })),
  lock: z.object({ totp: lockState, recovery: lockState }),
}

const ownStatusFields = {
  userId: z.string(),
  phase,
  requirement: z.nullable(z.object(ownRequirement)),
  exemption: z.nullable(z.object({ until: instant })),
  ...factor,
}

const statusFields = {
  ...ownStatusFields,
  requirement: z.nullable(z.object({ ...ownRequirement, because: z.array(explanation) })),
  exemption: z.nullable(z.object({ until: instant, reason: z.string() })),
}

/** A user as administrators see him. */
export const status: Schema<EnrollmentStatus> = named('Status', z.object(statusFields))

/** What an administrator's change came to. */
export const changed: Schema<AdminResult> = named('Changed', z.object({ ...statusFields, changed: z.boolean() }))

/** The same for the user himself: without administrators' words. */
export const ownChanged: z.ZodMiniType = named('OwnChanged', z.object({ ...ownStatusFields, changed: z.boolean() }))

/** Where the user stands, and what this session may do next. */
export const self: z.ZodMiniType = z.object({
  decision,
  status: z.nullable(named('OwnStatus', z.object(ownStatusFields))),
})

/* ------------------------------------------------------------------------------------------------------------- history */

const eventFields = {
  id: z.string(),
  type: z.string(),
  userId: z.string(),
  at: instant,
  actor: z.nullable(z.string()),
  reason: z.nullable(z.string()),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
}

/** One page of a user's events. */
export const history: z.ZodMiniType = z.object({
  events: z.array(named('Event', z.object(eventFields))),
  next: z.nullable(z.string()),
})

/** An event as it is told: of its details, instants are ISO 8601 like all others. */
export function onWire({ details, ...event }: EnrollmentEvent): EnrollmentEvent {
  const told = Object.entries(details).map(([name, fact]) =>
    typeof fact === 'number' && isInstant(name) ? [name, new Date(fact).toISOString()] : [name, fact],
  )
  return { ...event, details: Object.fromEntries(told) }
}

/** Which details of events are instants: `expiresAt`, `deadline`, `previousDeadline`, `until` and their like. */
function isInstant(name: string): boolean {
  return /(At|[dD]eadline|^until)$/.test(name)
}

/* ------------------------------------------------------------------------------------------------ set-up and challenges */

/** A set-up under way, for the session that began it. */
export const setup: z.ZodMiniType = named(
  'Setup',
  z.object({
    secret: z.string(),
    keyUri: z.string(),
    /** null where the key URI is too long for a QR code */
    qr: z.nullable(z.string()),
    expiresAt: instant,
    resumed: z.boolean(),
  }),
)

/** A set-up that was confirmed. */
export const confirmed: Schema<Extract<ConfirmSetupResult, { ok: true }>> = z.object({
  ok: z.literal(true),
  authenticatorId: z.string(),
  recoveryCodes: z.nullable(z.array(z.string())),
  revokeOtherSessions: z.literal(true),
})

/** A code that was accepted. */
export const accepted: Schema<Extract<CodeResult, { ok: true }>> = z.object({
  ok: z.literal(true),
  method: z.enum(['totp', 'recovery-code']),
  authenticatorId: z.nullable(z.string()),
  recoveryCodesLeft: count,
  failuresSinceLastSuccess: count,
})

/** Done, with nothing to tell. */
export const done: Schema<{ ok: true }> = z.object({ ok: z.literal(true) })

/** New recovery codes, shown once. */
export const recoveryCodes: Schema<{ ok: true; recoveryCodes: readonly string[] }> = z.object({
  ok: z.literal(true),
  recoveryCodes: z.array(z.string()),
})

/** A pass to hand over, shown once. */
export const pass: Schema<{ pass: string; expiresAt: number }> = z.object({ pass: z.string(), expiresAt: instant })

/* ----------------------------------------------------------------------------------------------------------- many users */

/** One page of users. */
export const users: Schema<{ users: readonly EnrollmentStatus[]; next: string | null }> = z.object({
  users: z.array(status),
  next: z.nullable(z.string()),
})

const failures = z.array(z.object({ userId: z.string(), code: z.string() }))

/** What an assignment came to. */
export const assigned: z.ZodMiniType = named(
  'Assigned',
  z.object({
    done: count,
    changed: count,
    unchanged: count,
    failedCount: count,
    failed: failures,
    stoppedBy: z.nullable(z.enum(['signal', 'store'])),
  }),
)

const byPhase = z.object({
  optional: count,
  exempt: count,
  scheduled: count,
  'enrollment-period': count,
  overdue: count,
  enrolled: count,
  suspended: count,
})

/** What an assignment would come to. */
export const previewed: z.ZodMiniType = named(
  'Previewed',
  z.object({
    users: count,
    changed: count,
    unchanged: count,
    failedCount: count,
    failed: failures,
    byPhase,
    alreadyEnrolled: count,
    stoppedNow: z.array(z.string()),
    stoppedNowCount: count,
    stoppedWithinSevenDays: count,
    warnings: z.array(z.enum(['everyone-stopped', 'everyone-needs-a-pass'])),
  }),
)

/** How many users are in each phase, in all, and locked. */
export const counts: Schema<PhaseCounts> = z.extend(byPhase, { total: count, locked: count })

/** Deadlines of each local day. */
export const forecast: z.ZodMiniType = z.array(z.object({ date: z.string(), deadlines: count }))

/** Totals at the end of each local day. */
export const progress: z.ZodMiniType = z.array(z.object({ date: z.string(), enrolled: count, required: count }))
