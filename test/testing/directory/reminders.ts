import { LAST_INSTANT } from '../../../src/assert.js'
import type { DueReminder } from '../../../src/ports/directory.js'
import { type Broken, but, compare, directory, made, SOUND, telling } from './sound.js'

export const BROKEN_REMINDERS: Broken = {
  'hold a reminder back at its instant': made({ isDue: (remindAt, now) => remindAt < now }),
  'remind within the second': made({ isDue: (remindAt, now) => remindAt < now + 1000 }),
  'take a reminder at zero for none': made({ isDue: (remindAt, now) => remindAt > 0 && remindAt <= now }),
  'take a reminder at the last instant for none': made({
    isDue: (remindAt, now) => remindAt < LAST_INSTANT && remindAt <= now,
  }),
  'forget reminders of long ago': made({ isDue: (remindAt, now) => remindAt <= now && remindAt > now - 1e12 }),
  'remind nobody who is suspended': made({
    isDue: (remindAt, now, { suspended }) => remindAt <= now && !suspended,
  }),
  'remind only whom a deadline can stop': made({
    isDue: (remindAt, now, index) => remindAt <= now && SOUND.stoppable(index, now),
  }),
  'remind 100 at most': but(({ due }) => ({ due: (query) => due({ ...query, limit: Math.min(query.limit, 100) }) })),

  'remind the latest first': made({
    dueOrder: (one, other) => other.remindAt - one.remindAt || compare(one.userId, other.userId),
  }),
  'remind in the order of the ids': made({ dueOrder: (one, other) => compare(one.userId, other.userId) }),
  'remind those of one instant as they came': made({ dueOrder: (one, other) => one.remindAt - other.remindAt }),
  'remind those of one instant by UTF-16 units': made({
    dueOrder: (one, other) => one.remindAt - other.remindAt || (one.userId < other.userId ? -1 : 1),
  }),
  'order reminders by their instants as text': made({
    dueOrder: (one, other) => compare(`${one.remindAt}`, `${other.remindAt}`) || compare(one.userId, other.userId),
  }),

  'page reminders from the first again': made({ duePage: (inOrder, { limit }) => inOrder.slice(0, limit) }),
  'drop the rest of an instant where a page of reminders ends within it': made({
    duePage: (inOrder, { after, limit }) =>
      inOrder.filter(({ remindAt }) => after === null || remindAt > after.remindAt).slice(0, limit),
  }),
  'begin a page of reminders with the whole of an instant': made({
    duePage: (inOrder, { after, limit }) =>
      inOrder.filter(({ remindAt }) => after === null || remindAt >= after.remindAt).slice(0, limit),
  }),
  'page reminders by id alone': made({
    duePage: (inOrder, { after, limit }) =>
      inOrder.filter(({ userId }) => after === null || compare(userId, after.userId) > 0).slice(0, limit),
  }),
  'page reminders by instant and by id, each by itself': made({
    duePage: (inOrder, { after, limit }) =>
      inOrder
        .filter((due) => after === null || (due.remindAt >= after.remindAt && compare(due.userId, after.userId) > 0))
        .slice(0, limit),
  }),
  'remind one more than the limit': made({
    duePage: (inOrder, query) => SOUND.duePage(inOrder, { ...query, limit: query.limit + 1 }),
  }),
  'page reminders from the place of one that must be there': made({
    duePage: (inOrder, { after, limit }) => {
      const from = inOrder.findIndex((due) => after !== null && SOUND.dueOrder(due, after) === 0) + 1
      return inOrder.slice(from, from + limit)
    },
  }),
  'page reminders by offset': () => {
    let offset = 0
    return directory({
      duePage(inOrder, { after, limit }) {
        const from = after === null ? 0 : offset
        offset = from + limit
        return inOrder.slice(from, offset)
      },
    })
  },
  'page reminders through what was due for the first page': () => {
    const sound = directory()
    let first: readonly DueReminder[] | null = null
    return {
      ...sound,
      async due(query) {
        if (query.after === null) first = await sound.due({ ...query, limit: 1e6 })
        return first === null ? sound.due(query) : SOUND.duePage(first, query)
      },
    }
  },
  'page reminders from where the last one is now': () => {
    const sound = directory()
    return {
      ...sound,
      async due(query) {
        const remindAt = sound.rows.get(query.after?.userId ?? '')?.index.remindAt ?? query.after?.remindAt ?? 0
        return sound.due({ ...query, after: query.after && { ...query.after, remindAt } })
      },
    }
  },

  'leave a reminder where it was': but((sound) => {
    const former = new Map<string, number>()
    return {
      ...telling(sound, ({ userId, index }, replaced) => {
        const remindAt = replaced?.index.remindAt ?? null
        if (remindAt !== null && index.remindAt === null) former.set(userId, remindAt)
        else former.delete(userId)
      }),
      async due(query) {
        const stale = [...former].map(([userId, remindAt]) => ({ userId, remindAt }))
        const all = [...(await sound.due({ ...query, limit: 1e6 })), ...stale]
        return SOUND.duePage(all.sort(SOUND.dueOrder), query)
      },
    }
  }),
  'move a reminder later only': but((sound) => {
    const latest = new Map<string, number>()
    return {
      ...telling(sound, ({ userId, index }, replaced) => {
        if (index.remindAt === null) latest.delete(userId)
        else latest.set(userId, Math.max(index.remindAt, replaced === undefined ? 0 : (latest.get(userId) ?? 0)))
      }),
      async due({ now, after, limit }) {
        const all = [...latest].map(([userId, remindAt]): DueReminder => ({ userId, remindAt }))
        const due = all.filter(({ userId, remindAt }) => sound.rows.has(userId) && remindAt <= now)
        return SOUND.duePage(due.sort(SOUND.dueOrder), { now, after, limit })
      },
    }
  }),
  'move a reminder by a save that conflicts': but(({ rows, save }) => ({
    async save(change) {
      const outcome = await save(change)
      const row = rows.get(change.userId)
      if (outcome === 'conflict' && row !== undefined) row.index.remindAt = change.index.remindAt
      return outcome
    },
  })),
  'forget the reminders of saveMany': but(({ rows, saveMany }) => ({
    saveMany: (changes) =>
      saveMany(
        changes.map((change) => ({
          ...change,
          index: { ...change.index, remindAt: rows.get(change.userId)?.index.remindAt ?? null },
        })),
      ),
  })),
  'remind who was removed': () => {
    const sound = directory()
    const removed = new Map<string, number>()
    return {
      ...sound,
      async remove(userId, expected) {
        const remindAt = sound.rows.get(userId)?.index.remindAt ?? null
        const outcome = await sound.remove(userId, expected)
        if (outcome === 'removed' && remindAt !== null) removed.set(userId, remindAt)
        return outcome
      },
      async due(query) {
        const stale = [...removed]
          .map(([userId, remindAt]) => ({ userId, remindAt }))
          .filter(({ userId, remindAt }) => remindAt <= query.now && !sound.rows.has(userId))
        const all = [...(await sound.due({ ...query, limit: 1e6 })), ...stale]
        return SOUND.duePage(all.sort(SOUND.dueOrder), query)
      },
    }
  },

  'read a reminder up to the next colon': but(({ due }) => ({
    async due(query) {
      return (await due(query)).map(({ userId, remindAt }) => ({ userId: userId.split(':')[0] as string, remindAt }))
    },
  })),
}
