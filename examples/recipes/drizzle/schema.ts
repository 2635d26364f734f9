import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'

// #region schema
/** One record for each user. As text it comes back character for character, which jsonb does not promise. */
export const records = pgTable('mfa_records', {
  userId: text('user_id').primaryKey(),
  version: text('version').notNull(),
  record: text('record').notNull(),
})

export const events = pgTable(
  'mfa_events',
  {
    userId: text('user_id')
      .notNull()
      .references(() => records.userId, { onDelete: 'cascade' }),
    id: text('id').notNull(),
    event: text('event').notNull(),
  },
  ({ userId, id }) => [primaryKey({ columns: [userId, id] })],
)
// #endregion
