/**
 * What goes over the wire, in both directions: requests are decoded by schemas made of these, answers encoded by them, and
 * the OpenAPI document is made of both.
 */

import * as z from 'zod/mini'
import { isWellFormed, LAST_INSTANT } from '../assert.js'
import type { Instant, Period, Phase, Proof, ResolvedTerms, RolloutFilter, Terms } from '../index.js'
import { platform } from '../platform.js'

/** A schema of what the service knows as a `Value`, and the wire as JSON. */
export type Schema<Value> = z.ZodMiniType<Value>

/** The schemas that the OpenAPI document names, and what it says of one that the schema cannot say itself. */
export const described: typeof z.globalRegistry = z.registry()

/** A schema by the name that the OpenAPI document has for it. */
export function named<Named extends z.ZodMiniType>(id: string, schema: Named): Named {
  described.add(schema, { id })
  return schema
}

/* ---------------------------------------------------------------------------------------------------------- values */

const ISO_8601 = /^(\d{4}|\+\d{6})-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/

const instantText = z.string().check(z.regex(ISO_8601))
described.add(instantText, { format: 'date-time' })

/** ISO 8601 with Z on the wire, milliseconds inside. */
export const instant: Schema<Instant> = z.codec(instantText, z.int().check(z.gte(0), z.lte(LAST_INSTANT)), {
  decode: (text) => (isDate(text.slice(0, text.indexOf('T'))) ? Date.parse(text) : Number.NaN),
  encode: (milliseconds) => new Date(milliseconds).toISOString(),
})

/** Whether a date exists: `Date.parse` runs a day too many into the next month. */
function isDate(date: string): boolean {
  const parsed = Date.parse(`${date}T00:00Z`)
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(date)
}

/** Text that every store keeps as it is. */
export function words(least: number, most: number): Schema<string> {
  return z.string().check(z.minLength(least), z.maxLength(most), z.refine(isStorable))
}

function isStorable(text: string): boolean {
  return isWellFormed(text) && !text.includes('\u0000')
}

/** A user's id. */
export const userId: Schema<string> = z.string().check(
  z.minLength(1),
  z.maxLength(255),
  z.refine((id) => isStorable(id) && new platform.TextEncoder().encode(id).length <= 255),
)

/** A code, a recovery code or a pass, right or not. */
export const code: Schema<string> = z.string().check(z.minLength(1), z.maxLength(128))

/** A code of either kind, to show that whoever asks holds one. */
export const proof: Schema<Proof> = named(
  'Proof',
  z.union([z.strictObject({ code }), z.strictObject({ recoveryCode: code })]),
)

/** A whole number as a query has it. */
export function wholeText(least: number, most: number): Schema<number> {
  const digits = z.string().check(z.regex(/^(0|[1-9]\d{0,8})$/))
  const schema = z.pipe(z.pipe(digits, z.transform(Number)), z.int().check(z.gte(least), z.lte(most)))
  described.add(schema, { type: 'integer', minimum: least, maximum: most })
  return schema
}

/* ----------------------------------------------------------------------------------------------------------- terms */

const days = z.int().check(z.gte(1), z.lte(365))

const calendar = z.strictObject({
  timeZone: z.string(),
  avoid: z.optional(z.array(z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']))),
  holidays: z.optional(z.array(z.string())),
})

/** A period that lasts. */
export const lastingPeriod: Schema<Exclude<Period, 'none'>> = named(
  'LastingPeriod',
  z.union([
    z.strictObject({
      days,
      start: z.optional(z.union([z.enum(['now', 'first-sign-in']), instant])),
      capDays: z.optional(days),
      calendar: z.optional(calendar),
    }),
    z.strictObject({ deadline: instant, start: z.optional(z.union([z.literal('now'), instant])) }),
  ]),
)

const terms = named(
  'Terms',
  z.strictObject({
    period: z.union([z.literal('none'), lastingPeriod]),
    selfEnrollment: z.optional(z.enum(['always', 'during-period', 'with-pass'])),
    postponements: z.optional(z.int().check(z.gte(0), z.lte(1000))),
  }),
)

/** One rule that was considered for a deadline. */
export const explanation: Schema<ResolvedTerms['because'][number]> = named(
  'Explanation',
  z.strictObject({
    source: z.string(),
    scope: z.enum(['user', 'group', 'organization', 'rule']),
    deadline: z.nullable(instant),
    outcome: z.enum(['applied', 'overridden']),
    text: z.string(),
  }),
)

/** Terms, or resolved ones. */
export const anyTerms: Schema<Terms | ResolvedTerms> = z.union([
  terms,
  named(
    'ResolvedTerms',
    z.strictObject({
      terms: z.union([z.literal('optional'), terms]),
      since: z.optional(instant),
      because: z.array(explanation),
    }),
  ),
])

/* -------------------------------------------------------------------------------------------------- parts of requests */

/** Where a user stands. */
export const phase: Schema<Phase> = z.enum([
  'optional',
  'exempt',
  'scheduled',
  'enrollment-period',
  'overdue',
  'enrolled',
  'suspended',
])

/** An administrator's words; who it is comes from the session. */
export const note: { reason: Schema<string | undefined>; force: Schema<boolean | undefined> } = {
  reason: z.optional(words(0, 1000)),
  force: z.optional(z.boolean()),
}

/** Which part of a list. */
export interface Page {
  after: Schema<string | undefined>
  limit: Schema<number | undefined>
}

/** Which part of a list of events, which is gone on with after the id of one. */
export const page: Page = { after: z.optional(words(1, 255)), limit: z.optional(wholeText(1, 1000)) }

/** The same of users. */
export const userPage: Page = { ...page, after: z.optional(userId) }

const flagText = z.pipe(
  z.enum(['true', 'false']),
  z.transform((flag) => flag === 'true'),
)

/** A filter by its names on the wire. */
export interface Filter {
  phase: Schema<Phase | undefined>
  deadlineBefore: Schema<Instant | undefined>
  locked: Schema<boolean | undefined>
  prefix: Schema<string | undefined>
}

/** Whom a list is of, as a query says it. */
export const filterQuery: Filter = {
  phase: z.optional(phase),
  deadlineBefore: z.optional(instant),
  locked: z.optional(flagText),
  prefix: z.optional(words(1, 255)),
}

/** The same in a body, where true is true. */
export const filterBody: Filter = { ...filterQuery, locked: z.optional(z.boolean()) }

/** A filter as the service takes it. */
export function filterOf({
  phase,
  deadlineBefore,
  locked,
  prefix,
}: { [Name in keyof Filter]: z.output<Filter[Name]> }): RolloutFilter {
  return { phase, deadlineBefore, locked, userIdPrefix: prefix }
}
