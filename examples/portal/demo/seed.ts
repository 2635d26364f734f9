/** FOR SHOW ONLY. Lets five weeks of a roll-out happen, by the same calls as in the world outside. */
import { aesGcmCipher, type Calendar, createLeeway, type Terms } from 'leeway'
import { migrate, sqliteRepository } from 'leeway/sqlite'
import { phone } from 'leeway/testing'
import { COMPANY } from '../company.js'
import type { PortalFile } from '../file.js'
import { outbox } from '../outbox.js'
import { reminderMail } from '../reminders.js'
import { signInLog } from '../sign-ins.js'
import { hashPassword, userStore } from '../users.js'
import { DAY, dateValue, endOfDay, TIME_ZONE } from '../views/words.js'
import { DEMO_PASSWORD, emailOf, PEOPLE, type Story } from './people.js'
import { demoPhone } from './phone.js'

const MINUTE = 60_000
const calendar: Calendar = { timeZone: TIME_ZONE, avoid: ['saturday', 'sunday'] }
const OLIVIA = 'olivia.brandt'
/** Whose authenticators are on the demo's phone. */
const ON_THE_DEMO_PHONE = [OLIVIA, 'noor.haddad']

export async function seed(file: PortalFile): Promise<void> {
  const users = userStore(file.db)
  // One hash for all: of one password that everybody can read, salt keeps no secret.
  const passwordHash = await hashPassword(DEMO_PASSWORD)
  for (const person of PEOPLE) {
    const administrator = person.story === 'administrator'
    users.add(
      { id: person.id, name: person.name, email: emailOf(person), team: person.team, administrator },
      passwordHash,
    )
  }

  await migrate(file.forLeeway)
  const today = Date.now()
  let now = today
  const leeway = createLeeway({
    issuer: COMPANY,
    repository: sqliteRepository(file.forLeeway),
    cipher: aesGcmCipher({ keys: [{ id: '2026-11', key: file.sealingKey }] }),
    clock: () => now,
    policy: { protect: (userId) => userId === OLIVIA },
  })
  const demo = demoPhone(file.db)
  const signIns = signInLog(file.db)

  /** Time only goes forward, in history as elsewhere. */
  const at = (daysFromToday: number) => {
    now = Math.max(now + 1, today + Math.round(daysFromToday * DAY))
  }
  const those = (...stories: readonly Story[]) =>
    PEOPLE.filter(({ story }) => stories.includes(story)).map(({ id }) => id)
  const assign = (ids: readonly string[], terms: Terms, reason: string) =>
    leeway.rollout.assign(ids, terms, { actor: OLIVIA, reason })

  async function signIn(id: string) {
    signIns.note(now, id, (await leeway.signIn(id)).action)
  }

  async function setUp(id: string) {
    await signIn(id)
    const begun = await leeway.beginSetup(id, { accountName: emailOf({ id }), label: 'Phone' })
    if (!begun.ok) throw new Error(`${id} could not set up: ${begun.reason}`)
    const { keyUri } = begun.setup
    if (ON_THE_DEMO_PHONE.includes(id)) demo.scan(id, keyUri)
    await leeway.confirmSetup(id, phone(keyUri).codeAt(now))
  }

  now = today - 36 * DAY
  await setUp(OLIVIA)

  at(-35)
  await assign(those('pilot'), { period: { days: 14, calendar } }, 'Pilot in IT')
  for (const [index, id] of those('pilot').entries()) {
    at(-34 + index * 1.5)
    await setUp(id)
  }

  at(-26)
  const everybody = those('enrolled', 'open', 'exempt', 'suspended', 'locked', 'counted')
  await assign(everybody, { period: { days: 38, calendar } }, 'Two-step sign-in for everybody, ticket 4711')
  at(-25)
  await assign(those('overdue'), { period: { days: 18, calendar } }, 'Logistics first')
  await assign(
    those('pass', 'dormant'),
    { period: { days: 18, calendar }, selfEnrollment: 'during-period' },
    'Logistics first',
  )
  for (const [index, id] of those('open', 'overdue', 'pass', 'suspended').entries()) {
    at(-24 + index / 10)
    await signIn(id)
  }
  const enrolling = those('enrolled', 'locked')
  for (const [index, id] of enrolling.entries()) {
    // Many at first, fewer later, the last of them today.
    at(-21 + 20.5 * (index / enrolling.length) ** 1.4)
    await setUp(id)
  }

  // The job of every hour has sent what was due until then.
  at(-0.12)
  const sent = outbox(file.db)
  await leeway.rollout.sendReminders(async (reminder) => {
    const user = users.find(reminder.userId)
    if (user !== null) sent.send(reminderMail(reminder, user, now))
  })

  // Somebody types wrong codes, until they are locked for a day.
  for (const id of those('locked')) {
    for (const minutesAgo of [150, 149, 148, 147, 146, 140, 130, 100, 30]) {
      now = Math.max(now + 1, today - minutesAgo * MINUTE)
      await leeway.verifyCode(id, '000000')
    }
  }
  at((-20 * MINUTE) / DAY)
  const fewer = { period: { days: 9, calendar }, postponements: 2 } satisfies Terms
  await leeway.rollout.assign(those('counted'), fewer, { actor: OLIVIA, reason: 'Pays suppliers', applyTo: 'shorten' })
  const soon = { days: 3, calendar: { timeZone: TIME_ZONE } }
  await assign(those('soon'), { period: soon, postponements: 3 }, 'Finance before the year’s end')
  const contractors = { days: 7, start: 'first-sign-in', capDays: 60, calendar } as const
  await assign(those('waiting', 'started'), { period: contractors, selfEnrollment: 'during-period' }, 'Contractors')
  await assign(
    those('scheduled'),
    { period: { days: 14, start: today + 10 * DAY, calendar } },
    'After their first weeks',
  )
  for (const id of those('exempt')) {
    const until = endOfDay(dateValue(today + 40 * DAY)) ?? today
    const reason = 'Travelling without a phone of their own; agreed with the board'
    await leeway.exempt(id, { until, reason }, { actor: OLIVIA, reason })
  }
  for (const id of those('suspended')) await leeway.suspend(id, { actor: OLIVIA, reason: 'On leave until spring' })
  for (const id of those('started', 'soon')) await signIn(id)

  at((-10 * MINUTE) / DAY)
  for (const id of [...those('overdue').slice(0, 2), ...those('pass').slice(1)]) await signIn(id)
}
