// @ts-check
/**
 * A store of one's own: on a table of rows that can be written on a condition, as any database is. Here the table is in
 * memory; yours has the statement in place of each function.
 */

/**
 * @typedef {object} Row
 * @property {string} version
 * @property {string} enrollment as JSON
 */

/** @returns {import('leeway').EnrollmentRepository} */
export function tableRepository() {
  /** @type {Map<string, Row>} */
  const rows = new Map()

  return {
    // select version, enrollment from mfa where user_id = ?
    async find(userId) {
      const row = rows.get(userId)
      return row === undefined ? null : { version: row.version, enrollment: JSON.parse(row.enrollment) }
    },
    // insert … on conflict do nothing, or update … where user_id = ? and version = ?: then look at the row count
    async save({ userId, enrollment, version, expected }) {
      if ((rows.get(userId)?.version ?? null) !== expected) return 'conflict'
      rows.set(userId, { version, enrollment: JSON.stringify(enrollment) })
      return 'saved'
    },
    // delete from mfa where user_id = ? and version = ?
    async remove(userId, expected) {
      if (rows.get(userId)?.version !== expected) return 'conflict'
      rows.delete(userId)
      return 'removed'
    },
  }
}
