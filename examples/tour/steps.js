// @ts-check
import { timeStepAt } from 'leeway/totp'
import encodeQR from 'qr'
import { lastDay } from './clock.js'
import { Mistake, START_OVER } from './notes.js'
import { nextCode } from './phone.js'
import { ask, outcome } from './screen.js'

/**
 * @typedef {import('leeway').Leeway} Leeway
 * @typedef {import('./notes.js').Notes} Notes
 *
 * @typedef {object} Tour
 * @property {Leeway} leeway
 * @property {Readonly<Notes>} notes
 * @property {(changes: Partial<Notes>) => void} note
 * @property {() => number} now
 *
 * @typedef {object} Told what a step came to
 * @property {unknown} [answer] what leeway answered, shown as it is
 * @property {string} [picture] a QR code
 * @property {string[]} [list] what to write down or type in
 * @property {string} say
 * @property {Partial<Notes>} [note] what to remember
 * @property {string} [goTo] another step than the following
 */

/**
 * One step of the tour: `run` is the code that is shown, and it is what runs. It is given leeway and what `prepare` found.
 *
 * @template Input
 * @template Result
 * @typedef {object} StepOf
 * @property {string} title
 * @property {number} [day] the day of the story, seen from today
 * @property {string} text
 * @property {(tour: Tour) => Promise<Input>} [prepare]
 * @property {(leeway: Leeway, input: Input) => Promise<Result>} run
 * @property {(result: Result, tour: Tour, input: Input) => Told} tell
 */

/** @typedef {StepOf<any, any>} Step */

/**
 * Lets the types of `run` follow from those of `prepare`, and those of `tell` from `run`.
 *
 * @template Result
 * @template [Input=void]
 * @param {StepOf<Input, Result>} one
 * @returns {Step}
 */
const step = (one) => one

const TYPE_CODE = "The six digits on your phone (Enter lets the tour's own phone answer):"

/**
 * A code: typed, or by the tour's own phone.
 *
 * @param {Tour} tour
 */
async function askCode({ notes, note, now }) {
  const typed = await ask(TYPE_CODE)
  if (typed !== '') {
    // a real phone shows the real time's code, and what it has shown the tour's own need not show again
    note({ seconds: 0, shownStep: timeStepAt(Date.now()) })
    return { code: typed }
  }
  const { code, waited } = nextCode(notes, note, now)
  outcome(`The tour's own phone shows ${code}${waited ? ", half a minute later by the tour's clock" : ''}.`)
  return { code }
}

/** @type {Record<string, Step>} in the order of the story */
const STORY = {
  assign: step({
    title: 'An administrator gives Ada and Ben 30 days',
    day: -12,
    text:
      'Until now a password was enough. Olivia, who administers the accounts, wants a second factor from everybody, ' +
      'but nobody locked out on a Monday morning: each gets 30 days, to the end of that day, and never on a weekend.',
    run: async (leeway) => {
      for (const user of ['ada', 'ben']) {
        await leeway.requireEnrollment(
          user,
          {
            period: { days: 30, calendar: { timeZone: 'Europe/Berlin', avoid: ['saturday', 'sunday'] } },
            postponements: 3,
          },
          { actor: 'olivia', reason: 'a second factor for everybody' },
        )
      }
      return await leeway.status('ada')
    },
    tell: ({ phase, requirement }) => ({
      answer: { phase, requirement },
      say: requirement === null ? 'Nothing is required.' : `Ada has until ${lastDay(requirement.deadline)}.`,
    }),
  }),

  offer: step({
    title: 'Ada signs in and is offered set-up',
    day: -12,
    text:
      'Your server has checked her password. Before it makes a session it asks leeway, which answers with one of five ' +
      'actions: allow, offer-setup, require-setup, challenge, deny.',
    run: async (leeway) => {
      return await leeway.signIn('ada')
    },
    tell: (decision) => ({
      answer: decision,
      say: `${decision.action}: your page says "${decision.daysLeft} days left", with "Set up" and "Not now".`,
    }),
  }),

  'not-now': step({
    title: 'She says "not now"',
    day: -12,
    text: 'She is busy. That is what the period is for; this policy takes "not now" three times.',
    run: async (leeway) => {
      return await leeway.postponeSetup('ada', { signInId: 'her first session' })
    },
    tell: (decision) => ({
      answer: decision,
      say:
        'postponementsLeft' in decision
          ? `Let in. "Not now" is left ${decision.postponementsLeft} times; one sign-in counts once, however often it asks.`
          : `${decision.action}.`,
    }),
  }),

  wait: step({
    title: 'Time passes',
    day: 0,
    text: 'No timer runs and no job turns anybody "overdue": where a user stands is computed whenever it is asked.',
    run: async (leeway) => {
      return await leeway.status('ada')
    },
    tell: ({ phase, requirement }) => ({
      answer: { phase, daysLeft: requirement?.daysLeft, deadline: requirement?.deadline },
      say: `${phase}: ${requirement?.daysLeft} days left. The deadline has not moved.`,
    }),
  }),

  app: step({
    title: 'Set-up, 1 of 3: she gets an app',
    day: 0,
    text:
      'Ada signs in again, is offered set-up again, and takes it. Any authenticator app does: the one that is built ' +
      'into her phone, Google Authenticator, Microsoft Authenticator, Aegis, 2FAS, a password manager, oathtool. ' +
      'Take out your phone: the next step is for you.',
    run: async (leeway) => {
      return await leeway.signIn('ada')
    },
    tell: (decision) => ({ answer: decision, say: `${decision.action}: she chooses "Set up".` }),
  }),

  begin: step({
    title: 'Set-up, 2 of 3: she adds the account',
    day: 0,
    text:
      'The secret is sealed with your key before it is stored, and can sign nobody in until a code has proven that it ' +
      'arrived. With the id, which belongs in her set-up session, a reload of the page shows the same secret again.',
    prepare: async ({ notes }) => ({ setupId: notes.setupId ?? undefined }),
    run: async (leeway, { setupId }) => {
      return await leeway.beginSetup('ada', { accountName: 'ada@example.com', label: 'my phone', setupId })
    },
    tell: (result) => {
      if (!result.ok) throw new Error(`set-up was refused: ${result.reason}`)
      const { id, keyUri, secret, resumed } = result.setup
      return {
        answer: { ok: result.ok, setup: result.setup },
        picture: encodeQR(keyUri, 'ascii', { ecc: 'low', border: 2 }),
        list: [(secret.match(/.{1,4}/g) ?? []).join(' ')],
        say: `${resumed ? 'The same secret again' : 'A new secret'}: scan the picture with your phone, or type the key into it.`,
        note: { setupId: id, keyUri },
      }
    },
  }),

  confirm: step({
    title: 'Set-up, 3 of 3: she types the code that her phone shows',
    day: 0,
    text: 'A wrong code costs one of five tries and never locks the account.',
    prepare: async (tour) => ({ ...(await askCode(tour)), setupId: tour.notes.setupId ?? undefined }),
    run: async (leeway, { code, setupId }) => {
      return await leeway.confirmSetup('ada', code, { setupId })
    },
    tell: (result) => {
      if (result.ok) {
        const recoveryCodes = [...(result.recoveryCodes ?? [])]
        return {
          answer: {
            ok: result.ok,
            authenticatorId: result.authenticatorId,
            revokeOtherSessions: result.revokeOtherSessions,
          },
          list: recoveryCodes,
          say:
            'Ada is enrolled. These recovery codes are shown once, for the day the phone is lost: write them down. ' +
            '(The tour keeps its own sheet of paper.)',
          note: { recoveryCodes },
        }
      }
      if (result.reason !== 'invalid-code') {
        return {
          answer: result,
          say: 'That set-up has ended. A new one begins.',
          note: { setupId: null },
          goTo: 'begin',
        }
      }
      const { triesLeft, clockOffsetSeconds } = result
      const hint =
        clockOffsetSeconds === null
          ? 'Wait until your phone shows the next code.'
          : `Right for another time: your phone's clock is off by some ${clockOffsetSeconds} seconds.`
      return { answer: result, say: `Not that one: ${triesLeft} tries left. ${hint}`, goTo: 'confirm' }
    },
  }),

  'sign-in': step({
    title: 'She signs in with the next code',
    day: 0,
    text:
      'From now on the password is followed by a challenge. The code that set it up is spent: wait for your phone to ' +
      'show another.',
    prepare: askCode,
    run: async (leeway, { code }) => {
      const decision = await leeway.signIn('ada')
      const result = await leeway.verifyCode('ada', code)
      return { decision, result }
    },
    tell: ({ decision, result }, _tour, { code }) => {
      const answer = { decision, result }
      if (result.ok) return { answer, say: `${decision.action}, and the code is right: signed in.`, note: { code } }
      if (result.reason !== 'invalid-code')
        return { answer, say: `${result.reason}: too many wrong codes.`, goTo: 'unlock' }
      return { answer, say: 'Wrong, or spent already: nobody is told which. Try the next one.', goTo: 'sign-in' }
    },
  }),

  replay: step({
    title: 'The same code again is refused',
    day: 0,
    text:
      'Somebody has looked over her shoulder and types it within the same half minute. A code is accepted at most once, ' +
      'by one write on a condition: two servers that see it at the same instant do not both say yes.',
    prepare: async ({ notes }) => ({ code: notes.code }),
    run: async (leeway, { code }) => {
      return await leeway.verifyCode('ada', code)
    },
    tell: (result) => ({ answer: result, say: result.ok ? 'Accepted.' : `Refused: ${result.reason}.` }),
  }),

  recovery: step({
    title: 'She left the phone at home and uses a recovery code',
    day: 0,
    text: '125 random bits, stored as a digest under a key. In any case, with or without the hyphens, and once.',
    prepare: async ({ notes, note }) => {
      const typed = await ask('One of the recovery codes (Enter takes the first on the sheet):')
      const [first, ...rest] = notes.recoveryCodes
      // crossed out before it is used: after a kill, the next one is another in any case
      if (typed === '') note({ recoveryCodes: rest })
      return { recoveryCode: typed || first }
    },
    run: async (leeway, { recoveryCode }) => {
      const once = await leeway.useRecoveryCode('ada', recoveryCode)
      const twice = await leeway.useRecoveryCode('ada', recoveryCode)
      return { once, twice }
    },
    tell: ({ once, twice }) => {
      const answer = { once, twice }
      if (once.ok) {
        const second = twice.ok ? 'accepted' : 'refused'
        return { answer, say: `Signed in, ${once.recoveryCodesLeft} codes left. The second time it is ${second}.` }
      }
      if (once.reason !== 'invalid-code')
        return { answer, say: `${once.reason}: too many wrong codes.`, goTo: 'unlock' }
      return { answer, say: 'Wrong, or used already. Try another.', goTo: 'recovery' }
    },
  }),

  deadline: step({
    title: 'Ben misses the deadline and is stopped',
    day: 28,
    text:
      'Ben never signed in. His 30 days are over, and somebody has his password. Is it Ben? An account that slept ' +
      'through its whole period is what attackers look for: the password alone may not set the second factor up.',
    run: async (leeway) => {
      return await leeway.signIn('ben')
    },
    tell: (decision) => ({
      answer: decision,
      say:
        decision.action === 'require-setup'
          ? `Stopped: ${decision.reason}. Set-up is all that he reaches, and it needs a pass: ${decision.passRequired}.`
          : `${decision.action}.`,
    }),
  }),

  pass: step({
    title: 'Olivia lets Ben in again, and only Ben',
    day: 28,
    text:
      'He calls; she knows his voice and gives him a pass: single-use, good for an hour, for set-up and nothing else. ' +
      'From there he goes the three steps that Ada went.',
    run: async (leeway) => {
      const accountName = 'ben@example.com'
      const without = await leeway.beginSetup('ben', { accountName })
      const { pass } = await leeway.issuePass('ben', { actor: 'olivia', reason: 'called, voice known' })
      const withPass = await leeway.beginSetup('ben', { accountName, pass })
      return { without, withPass }
    },
    tell: ({ without, withPass }) => ({
      answer: { without, withPass: { ok: withPass.ok } },
      say:
        `Without the pass: ${without.ok ? 'accepted' : `refused, ${without.reason}`}. ` +
        `With it: ${withPass.ok ? 'set-up begins' : `refused, ${withPass.reason}`}.`,
    }),
  }),

  end: step({
    title: 'Where everybody stands',
    day: 28,
    text: 'Nobody was locked out, and nobody came in who should not have.',
    run: async (leeway) => {
      return { ada: await leeway.status('ada'), ben: await leeway.status('ben') }
    },
    tell: ({ ada, ben }) => ({
      answer: {
        ada: { phase: ada.phase, recoveryCodesLeft: ada.recoveryCodesLeft, lock: ada.lock },
        ben: { phase: ben.phase, setup: ben.setup },
      },
      say: `Ada is ${ada.phase}. Ben is ${ben.phase}${ben.setup === null ? '' : ', with a set-up begun'}.`,
      goTo: 'done',
    }),
  }),
}

/** @type {Record<string, Step>} what has no place in the story, but may happen; each leads back into it */
const ASIDES = {
  'lost-codes': step({
    title: 'The recovery codes were never shown',
    text:
      'The tour was stopped after the set-up was stored and before its recovery codes were on the screen. They exist as ' +
      'digests only, so nobody can show them now; a code from her phone gets her new ones.',
    prepare: askCode,
    run: async (leeway, { code }) => {
      return await leeway.replaceRecoveryCodes('ada', { code })
    },
    tell: (result) => {
      if (!result.ok) {
        const goTo = result.reason === 'invalid-code' ? 'lost-codes' : 'unlock'
        return { answer: result, say: `Refused: ${result.reason}. Try the next one.`, goTo }
      }
      const recoveryCodes = [...result.recoveryCodes]
      return {
        list: recoveryCodes,
        say: 'Ada is enrolled, with new recovery codes; the old ones are worth nothing.',
        note: { recoveryCodes },
        goTo: 'sign-in',
      }
    },
  }),

  unlock: step({
    title: 'Olivia unlocks the account',
    text: 'After five wrong codes in a row nothing is looked at for a minute, then longer. An administrator need not wait.',
    run: async (leeway) => {
      return await leeway.unlock('ada', { actor: 'olivia', reason: 'called, voice known' })
    },
    tell: ({ changed, lock }, { notes }) => ({
      answer: { changed, lock },
      say: 'Open again.',
      goTo: notes.code !== null ? 'recovery' : notes.recoveryCodes.length > 0 ? 'sign-in' : 'lost-codes',
    }),
  }),
}

/** The names of the story's steps, in order. */
export const STORY_STEPS = Object.keys(STORY)

/** @param {string} name */
export function stepNamed(name) {
  const found = STORY[name] ?? ASIDES[name]
  if (found === undefined) throw new Mistake(`The file is of another version of this tour. ${START_OVER}`)
  return found
}

/**
 * Where a run of the tour begins that another one left: what was stored counts, not only what was noted.
 *
 * @param {Tour} tour
 */
export async function stepToResumeAt({ leeway, notes }) {
  if (notes.step !== 'confirm') return notes.step
  const { authenticators } = await leeway.status('ada')
  // whoever has not confirmed sees the QR code again
  return authenticators.length > 0 ? 'lost-codes' : 'begin'
}
