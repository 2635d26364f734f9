import { Hono } from 'hono'
import type { Env } from '../env.js'
import { goTo, page } from '../pages.js'
import { reminderMail } from '../reminders.js'
import { DashboardPage } from '../views/admin-dashboard.js'
import { OutboxPage } from '../views/admin-outbox.js'
import { many, startOfDay, TIME_ZONE } from '../views/words.js'

export const dashboardRoutes = new Hono<Env>()

dashboardRoutes.get('/', async (c) => {
  const { leeway, users, signIns, clock, reminderDue } = c.var.portal
  const { rollout } = leeway
  const [counts, progress, forecast, due] = await Promise.all([
    rollout.counts(),
    rollout.progress({ days: 36, timeZone: TIME_ZONE }),
    rollout.forecast({ days: 35, timeZone: TIME_ZONE }),
    reminderDue(),
  ])
  const stopped = signIns.stoppedSince(startOfDay(clock.now())).flatMap(({ userId, at }) => {
    const user = users.find(userId)
    return user === null ? [] : [{ user, at }]
  })
  const reminders = due.flatMap((userId) => users.find(userId) ?? [])
  const unknown = users.all().length - counts.total
  return page(c, 'Roll-out', <DashboardPage {...{ counts, unknown, progress, forecast, stopped, reminders }} />, {
    wide: true,
  })
})

/** A job of every hour; in the demo, whenever somebody likes. Nobody gets the same reminder twice. */
dashboardRoutes.post('/reminders', async (c) => {
  const { leeway, users, outbox, clock } = c.var.portal
  const { sent, failed } = await leeway.rollout.sendReminders(async (reminder) => {
    const user = users.find(reminder.userId)
    // Here your mail goes out, with the reminder's key as its idempotency key.
    if (user !== null) outbox.send(reminderMail(reminder, user, clock.now()))
  })
  return goTo(
    c,
    '/admin/outbox',
    `${many(sent, 'reminder was', 'reminders were')} sent${failed > 0 ? `, ${failed} could not be` : ''}.`,
  )
})

dashboardRoutes.get('/outbox', (c) => {
  const { outbox, users } = c.var.portal
  const mails = outbox.latest().map((mail) => ({ ...mail, user: users.find(mail.userId) }))
  return page(c, 'What was sent', <OutboxPage mails={mails} />, { wide: true })
})
