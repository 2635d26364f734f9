import { type Broken, directory, isAfter, made, SOUND } from './sound.js'

export const BROKEN_PAGES: Broken = {
  'page from the start again': made({ page: (inOrder, { limit }) => inOrder.slice(0, limit) }),
  'page by offset': () => {
    let offset = 0
    return directory({
      page(inOrder, { after, limit }) {
        const from = after === null ? 0 : offset
        offset = from + limit
        return inOrder.slice(from, offset)
      },
    })
  },
  'page from the place of an id that must be there': made({
    page: (inOrder, { after, limit }) => {
      const from = after === null ? 0 : inOrder.indexOf(after) + 1
      return inOrder.slice(from, from + limit)
    },
  }),
  'begin a page with the id that it should follow': made({
    page: (inOrder, { after, limit }) =>
      inOrder.filter((userId) => after === null || !isAfter(after, userId)).slice(0, limit),
  }),
  'limit before they filter': () => {
    const sound = directory()
    return {
      ...sound,
      async list({ phase, locked, deadlineBefore, ...query }) {
        const page = await sound.list(query)
        const chosen = await sound.list({ ...query, phase, locked, deadlineBefore, limit: 1e6 })
        const ids = new Set(chosen.map(({ enrollment }) => enrollment.userId))
        return page.filter(({ enrollment }) => ids.has(enrollment.userId))
      },
    }
  },
  'take one more than the limit': made({
    page: (inOrder, query) => SOUND.page(inOrder, { ...query, limit: query.limit + 1 }),
  }),
  'answer 100 at most': made({
    page: (inOrder, query) => SOUND.page(inOrder, { ...query, limit: Math.min(query.limit, 100) }),
  }),
}
