import { describe, expect, it } from 'vitest'
import type { EnrollmentChange } from '../../src/ports/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { assigned, inShort } from './assignments.js'
import { rolloutSetting, type Store } from './setting.js'

/** The service on a store that saves nothing of a batch, and answers this. */
function answering(answers: (changes: readonly EnrollmentChange[]) => unknown): ReturnType<typeof rolloutSetting> {
  const store = memoryRepository()
  return rolloutSetting({ repository: { ...store, saveMany: async (changes) => answers(changes) } as Store })
}

describe('a store that saves nothing of a batch', () => {
  it.each<[string, (changes: readonly EnrollmentChange[]) => unknown]>([
    ['too many answers', (changes) => [...changes.map(() => 'saved'), 'saved']],
    ['too few answers', () => []],
    ['one answer for all', () => 'saved'],
    ['no answer', () => undefined],
    ['words that are no answer', (changes) => changes.map(() => 'ok')],
    ['one such word among others', (changes) => changes.map((_, at) => (at === 0 ? 'ok' : 'conflict'))],
    ['answers with a length and nothing else', (changes) => ({ length: changes.length })],
  ])('and gives %s has failed: nothing is told as done, and nobody is decided anew', async (_, answers) => {
    const setting = answering(answers)
    const { report, told } = await assigned(setting, ['ada', 'bob'])
    expect(report).toMatchObject({ done: 0, changed: 0, stoppedBy: 'store' })
    expect(told).toEqual([])
    expect(setting.told).toEqual([])
  })

  it('leaves those alone who come after the last that it was told of, unchanged ones too', async () => {
    const setting = rolloutSetting()
    await assigned(setting, ['bob'])
    const failing = rolloutSetting({
      repository: { ...setting.repository, saveMany: () => Promise.reject(new Error('full')) },
    })
    const { report, told } = await assigned(failing, ['ada', 'bob'])
    expect(told.map(inShort)).toEqual([])
    expect(report).toMatchObject({ done: 0, unchanged: 0, stoppedBy: 'store' })
  })
})
