import { and, eq } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { type EnrollmentRepository, LeewayError } from 'leeway'
import { events as eventTable, records } from './schema.ts'

// #region repository
/** Enrollments in the tables of schema.ts, through whichever driver for PostgreSQL Drizzle has. */
export function drizzleRepository(db: PgDatabase<PgQueryResultHKT>): EnrollmentRepository {
  const isAt = (userId: string, version: string) => and(eq(records.userId, userId), eq(records.version, version))

  return Object.freeze<EnrollmentRepository>({
    async find(userId) {
      const [found] = await attempt(() => db.select().from(records).where(eq(records.userId, userId)))
      return found === undefined ? null : { version: found.version, enrollment: JSON.parse(found.record) }
    },

    save({ userId, enrollment, version, expected, events }) {
      const record = JSON.stringify(enrollment)
      const told = events.map((event) => ({ userId, id: event.id, event: JSON.stringify(event) }))
      return attempt(() =>
        db.transaction(
          async (tx) => {
            // One statement with its condition, and what it answers says whether it was met.
            const written =
              expected === null
                ? await tx.insert(records).values({ userId, version, record }).onConflictDoNothing().returning()
                : await tx.update(records).set({ version, record }).where(isAt(userId, expected)).returning()
            if (written.length === 0) return 'conflict'
            if (told.length > 0) await tx.insert(eventTable).values(told)
            return 'saved'
          },
          // Above it the loser of a race fails in another way.
          { isolationLevel: 'read committed' },
        ),
      )
    },

    async remove(userId, expected) {
      // The events go with it: `onDelete: 'cascade'`.
      const removed = await attempt(() => db.delete(records).where(isAt(userId, expected)).returning())
      return removed.length > 0 ? 'removed' : 'conflict'
    },
  })
}

async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw new LeewayError('ERR_STORE', 'the database failed; the cause says how', { cause })
  }
}
// #endregion
