import type { EnrollmentEvent, LeewayWithRollout } from 'leeway'

/** Everything that happened to a user, the latest first. */
export async function wholeHistory({ rollout }: LeewayWithRollout, userId: string): Promise<EnrollmentEvent[]> {
  const all: EnrollmentEvent[] = []
  for (let after: string | undefined; ; ) {
    const { events, next } = await rollout.history(userId, { after, limit: 1000 })
    all.push(...events)
    if (next === null) return all.reverse()
    after = next
  }
}
