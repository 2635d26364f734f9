// @ts-check
import { beforeEach } from 'vitest'

/** Tests that take longer than a second each, or that want more runs of a property than mutants get. */
const LEFT_OUT = [
  'a record that was corrupted is',
  'a client that tries again after each error',
  'different terms under',
  'over the lives of twenty users',
  'by eight processes for a hundred users',
  'what goes wrong with the list of who is due',
  'reads at most 2,000 ids ahead',
  'codes of any type and size are',
  ...['1th', '500th', '502th', '1001th', '1251th', '1600th'].map((at) => `aborted at the ${at} id`),
  'streams to its end, each user once',
  'are remembered by the hundred thousand',
  'remind and ',
  'every operation meets every other',
  'on SQLite ',
  'comes in pages, the earliest first',
  'equals the assignment that follows',
  'is what there was at the end of each day',
]

beforeEach(({ task, skip }) => {
  const names = [task.name]
  for (let { suite } = task; suite !== undefined; suite = suite.suite) names.unshift(suite.name)
  const name = names.join(' ')
  if (LEFT_OUT.some((part) => name.includes(part))) skip('takes too long for every mutant')
})
