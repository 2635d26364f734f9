import type { EnrollmentChange } from '../../src/ports/index.js'

const NEVER = { startsAt: null, deadline: null, exemptUntil: null, enrolledAt: null, lockedUntil: null, remindAt: null }

/** A first save, but for what is said. */
export function change(over: Partial<EnrollmentChange> = {}): EnrollmentChange {
  const { userId = 'ada', version = 'v1', expected = null } = over
  const event = { id: version, type: 'code-rejected', userId, at: 1, actor: null, reason: null, details: {} } as const
  return {
    userId,
    enrollment: { schemaVersion: 1, userId },
    index: { required: false, suspended: false, ...NEVER },
    version,
    expected,
    events: [event],
    ...over,
  }
}
