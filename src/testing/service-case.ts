import { aesGcmCipher, createLeeway, type Leeway } from '../index.js'
import { platformRandom } from '../platform.js'
import type { EnrollmentRepository } from '../ports/index.js'
import { fixedClock } from './clock.js'
import { faultyRepository, type RepositoryFault } from './faulty-repository.js'
import { type Phone, phone } from './phone.js'
import { type Bench, equal } from './repository-bench.js'

/** What goes wrong in each round; nothing in the first, where every answer has to come. */
const FAULTS: readonly (RepositoryFault | null)[] = [
  null,
  'throws-before',
  'throws-after',
  'applies-later',
  'answers-late',
  'reads-stale',
]

const PROCESSES = Array.from({ length: 8 }, (_, at) => at)
const FAILURES = 5
const TIME_STEP = 30_000

/**
 * What compare-and-set is for, end to end: services on several connections check codes of one user at once, while calls
 * to the store go wrong. A code is accepted once, no more failures are told than the limit, and none is lost.
 */
export async function limitsHold({ repository, together }: Bench): Promise<void> {
  const clock = fixedClock(Date.UTC(2026, 0, 5, 9))
  const cipher = aesGcmCipher({ keys: [{ id: 'k1', key: platformRandom(32) }] })
  const serviceOver = (store: EnrollmentRepository): Leeway =>
    createLeeway({ issuer: 'Example', repository: store, cipher, clock, policy: { lock: { afterFailures: FAILURES } } })
  const sound = serviceOver(repository)

  for (const fault of FAULTS) {
    const what = fault ?? 'nothing going wrong'
    const userId = `ada, ${what}`
    const app = await enrolled(sound, userId, clock())
    clock.advance(TIME_STEP)

    const check = async (leeway: Leeway, code: string): Promise<string> => {
      const result = await leeway.verifyCode(userId, code).catch(() => null)
      if (result === null) return 'no answer'
      return result.ok ? 'accepted' : result.reason
    }
    /** By all processes at once, and then by one until it is settled. */
    const checkByAll = async (code: string, times: number): Promise<readonly string[]> => {
      const answers = await together(PROCESSES, (store, process) => {
        const goesWrong = (number: number): boolean => (number + process) % 3 === 1
        return check(serviceOver(faultyRepository(store, ({ number }) => (goesWrong(number) ? fault : null))), code)
      })
      for (let time = 0; time < times; time++) answers.push(await check(sound, code))
      return answers
    }
    const count = (answers: readonly string[], answer: string): number =>
      answers.filter((other) => other === answer).length

    const right = await checkByAll(app.codeAt(clock()), 1)
    const accepted = count(right, 'accepted')
    equal(Math.max(accepted, 1), 1, `with ${what}, how often one code was accepted`)
    if (fault === null) equal(accepted, 1, 'of one right code by many at once, how often it was accepted')

    const wrong = await checkByAll(wrongCode(app, clock()), FAILURES + 1)
    const told = count(wrong, 'invalid-code')
    equal(Math.max(told, FAILURES), FAILURES, `with ${what}, how many failures were told before the lock`)
    equal(wrong.at(-1), 'locked', `with ${what}, what is said after more failures than the limit`)
    if (fault === null) equal(told, FAILURES, 'of wrong codes by many at once, how many failures were told')
  }
}

async function enrolled(leeway: Leeway, userId: string, now: number): Promise<Phone> {
  const begun = await leeway.beginSetup(userId, { accountName: 'ada@example.com' })
  equal(begun.ok, true, 'whether a set-up was begun')
  const app = phone((begun as Extract<typeof begun, { ok: true }>).setup.keyUri)
  const confirmed = await leeway.confirmSetup(userId, app.codeAt(now))
  equal(confirmed.ok, true, 'whether a set-up was confirmed')
  return app
}

/** One that the phone shows at no time that is accepted. */
function wrongCode(app: Phone, now: number): string {
  const shown = [-2, -1, 0, 1, 2].map((steps) => app.codeAt(now + steps * TIME_STEP))
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !shown.includes(code)) as string
}
