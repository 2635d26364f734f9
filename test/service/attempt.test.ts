import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EnrollmentEvent } from '../../src/enrollment/events.js'
import type { EnrollmentRepository } from '../../src/ports/index.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { enroll, rejection, settingOf } from './setting.js'

/** A store where another write always comes first. */
const contended: Pick<EnrollmentRepository, 'save' | 'remove'> = {
  save: async () => 'conflict',
  remove: async () => 'conflict',
}

/** How long the service waits, in milliseconds: the timers are real, and short by the lowest chance that is told here. */
function waits(): number[] {
  const delays: number[] = []
  const { setTimeout: later } = globalThis
  vi.spyOn(Math, 'random').mockReturnValue(1 / 64)
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, delayMs: number) => {
    delays.push(delayMs * 64)
    return later(run, delayMs)
  }) as typeof setTimeout)
  return delays
}

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a command that is decided anew', () => {
  const longer = [2, 4, 8, 16, 32, ...Array<number>(10).fill(64)]

  it('waits before each further try, perhaps twice as long as before, up to 64 ms', async () => {
    const { leeway } = settingOf({ repository: { ...memoryRepository(), ...contended } })
    const delays = waits()
    const error = await rejection(() => leeway.suspend('ada'))
    expect(error).toMatchObject({
      code: 'ERR_CONTENDED',
      message: 'other writes for this user came first 16 times; try again',
    })
    expect(delays).toEqual(longer)
  })

  it('waits so too where a user is forgotten', async () => {
    const setting = settingOf()
    await setting.leeway.suspend('ada')
    const { leeway } = settingOf({ repository: { ...setting.repository, ...contended } })
    const delays = waits()
    expect(await rejection(() => leeway.forget('ada'))).toMatchObject({ code: 'ERR_CONTENDED' })
    expect(delays).toEqual(longer)
  })

  it('waits for nothing where no other write came first', async () => {
    const setting = settingOf()
    const delays = waits()
    await enroll(setting, 'ada')
    await setting.leeway.forget('ada')
    expect(delays).toEqual([])
  })
})

describe('a version', () => {
  it('is 32 hexadecimal digits, of which the ids of its events bear the first eight', async () => {
    const { leeway, repository, told } = settingOf()
    await leeway.suspend('ada')
    const version = (await repository.find('ada'))?.version ?? ''
    expect(version).toMatch(/^[0-9a-f]{32}$/)
    expect(told.map(({ id }) => id)).toEqual([`000000000001-${version.slice(0, 8)}`])
  })
})

describe('a listener', () => {
  it('is called where something happened, and only there', async () => {
    const calls: (readonly EnrollmentEvent[])[] = []
    const { leeway } = settingOf({
      onEvents: (events) => {
        calls.push(events)
      },
    })
    await leeway.signIn('ada')
    await leeway.suspend('ada')
    await leeway.suspend('ada')
    expect(calls.map((events) => events.map(({ type }) => type))).toEqual([['suspended']])
  })
})
