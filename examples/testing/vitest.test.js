// @ts-check
/**
 * How to test what is built on leeway, with Vitest: `npx vitest run --config examples/testing/vitest.config.js`
 */
import fc from 'fast-check'
import { aesGcmCipher, createLeeway } from 'leeway'
import { memoryRepository } from 'leeway/memory'
import { arbitraries, fixedClock, given, givenWith, phone, repositoryCases, seededRandom } from 'leeway/testing'
import { describe, expect, it } from 'vitest'
import { createSignIn } from './sign-in.js'
import { tableRepository } from './store.js'

const DAY = 86_400_000
const isPassword = (/** @type {string} */ _userId, /** @type {string} */ password) => password === 'correct'
const { hostileCode, story } = arbitraries(fc)

/** The auth server of a story. @param {import('leeway/testing').World} world */
const serverOf = ({ leeway }) => createSignIn({ leeway, isPassword })
/** Ada signs in. @param {import('leeway/testing').World} world */
const adaSignsIn = (world) => serverOf(world).login('ada', 'correct')

describe('the sign-in, told as stories', () => {
  it('offers set-up inside the enrollment period', async () => {
    await given(['requireEnrollment', { period: { days: 30 } }], { days: 29 })
      .when(adaSignsIn)
      .expect({ answer: { page: '/offer' } })
  })

  it('reaches set-up and nothing else from the deadline on', async () => {
    await given(['requireEnrollment', { period: { days: 30 } }], { to: 'deadline' })
      .when(adaSignsIn)
      .expect({ answer: { page: '/set-up' }, phase: 'overdue' })
  })

  it('asks for a code once she is enrolled, and for no session while she is suspended', async () => {
    await given('setUp')
      .when(adaSignsIn)
      .expect({ answer: { page: '/challenge' } })
    await given('setUp', 'suspend')
      .when(adaSignsIn)
      .expect({ answer: { page: '/suspended', session: null } })
  })

  it('tells who is locked out', async () => {
    await givenWith({ policy: { lock: { afterFailures: 2 } } })(
      'setUp',
      ['verifyCode', 'wrong'],
      ['verifyCode', 'wrong'],
    )
      .when(async (world) => {
        const server = serverOf(world)
        const { session } = await server.login('ada', 'correct')
        return server.answerChallenge(session, world.user.nextCode())
      })
      .expect({ answer: { page: '/locked' }, events: [] })
  })
})

describe('the challenge, with a clock and a phone', () => {
  it('takes each code once, and gives the session another id', async () => {
    const clock = fixedClock(Date.UTC(2026, 0, 5, 9))
    const random = seededRandom('the challenge')
    const cipher = aesGcmCipher({ keys: [{ id: 'test', key: random(32) }] })
    const leeway = createLeeway({ issuer: 'Test', repository: memoryRepository(), cipher, clock, random })
    const begun = await leeway.beginSetup('ada', { accountName: 'ada@example.com' })
    if (!begun.ok) throw new Error(begun.reason)
    const app = phone(begun.setup.keyUri)
    await leeway.confirmSetup('ada', app.codeAt(clock()))
    clock.advance(DAY)

    const server = createSignIn({ leeway, isPassword })
    const { session } = await server.login('ada', 'correct')
    const raised = await server.answerChallenge(session, app.codeAt(clock()))
    expect(raised.page).toBe('/')
    expect(raised.session).not.toBe(session)
    expect(server.levelOf(raised.session)).toBe('mfa')
    const again = await server.login('ada', 'correct')
    expect((await server.answerChallenge(again.session, app.codeAt(clock()))).page).toBe('/challenge')
  })
})

describe('properties', () => {
  it('whatever happened, a password alone makes no session that needs none once set-up is due', async () => {
    await fc.assert(
      fc.asyncProperty(story(), async (steps) => {
        const { answer, status } = await givenWith({ mayBeRefused: true })(...steps)
          .when(adaSignsIn)
          .outcome()
        if (status.phase === 'overdue') expect(answer.page).toBe('/set-up')
        if (status.phase === 'enrolled') expect(answer.page).toBe('/challenge')
      }),
      { numRuns: 20 },
    )
  })

  it('nothing that a form may send as a code lets anybody in', async () => {
    const { world } = await given('setUp').when('signIn').expect({ phase: 'enrolled' })
    const server = serverOf(world)
    const { session } = await server.login('ada', 'correct')
    await fc.assert(
      fc.asyncProperty(hostileCode(), async (code) => {
        expect(await server.answerChallenge(session, code)).toEqual({ page: '/challenge', session })
      }),
    )
  })
})

describe('the store', () => {
  for (const { name, run } of repositoryCases(async () => ({ repository: tableRepository() }))) it(name, run)
})
