import type { Leeway, Proof } from '../../index.js'
import type { CommandAnswers, CommandArguments, CommandName, NamedCommand, ProofShown } from './commands.js'
import type { Known } from './person.js'

/** Who does it, and at which service. */
interface Scene {
  leeway: Leeway
  person: Known
}

type Performers = {
  [Name in CommandName]: (scene: Scene, ...given: CommandArguments[Name]) => Promise<CommandAnswers[Name]>
}

const PERFORMERS: Performers = {
  requireEnrollment: ({ leeway, person }, ...given) => leeway.requireEnrollment(person.userId, ...given),
  changeDeadline: ({ leeway, person }, ...given) => leeway.changeDeadline(person.userId, ...given),
  exempt: ({ leeway, person }, ...given) => leeway.exempt(person.userId, ...given),
  endExemption: ({ leeway, person }, ...given) => leeway.endExemption(person.userId, ...given),
  makeOptional: ({ leeway, person }, ...given) => leeway.makeOptional(person.userId, ...given),
  suspend: ({ leeway, person }, ...given) => leeway.suspend(person.userId, ...given),
  resume: ({ leeway, person }, ...given) => leeway.resume(person.userId, ...given),
  resetMfa: ({ leeway, person }, ...given) => leeway.resetMfa(person.userId, ...given),
  unlock: ({ leeway, person }, ...given) => leeway.unlock(person.userId, ...given),
  issuePass: ({ leeway, person }, ...given) => leeway.issuePass(person.userId, ...given),
  importAuthenticator: ({ leeway, person }, ...given) => leeway.importAuthenticator(person.userId, ...given),
  signIn: ({ leeway, person }, ...given) => leeway.signIn(person.userId, ...given),
  decide: ({ leeway, person }, ...given) => leeway.decide(person.userId, ...given),
  postponeSetup: ({ leeway, person }, ...given) => leeway.postponeSetup(person.userId, ...given),

  async setUp(scene, { label } = {}) {
    const { person } = scene
    const begun = await PERFORMERS.beginSetup(scene, {
      label,
      pass: person.pass === null ? undefined : 'right',
      proof: person.phones.length === 0 ? undefined : { code: 'right' },
    })
    return begun.ok ? PERFORMERS.confirmSetup(scene, 'right') : begun
  },
  beginSetup: ({ leeway, person }, { label, resume = false, pass, proof } = {}) =>
    leeway.beginSetup(person.userId, {
      accountName: 'Somebody',
      label,
      setupId: resume ? person.setupId : undefined,
      pass: pass === undefined ? undefined : person.passText(pass),
      proof: proof === undefined ? undefined : proofOf(person, proof),
    }),
  confirmSetup: ({ leeway, person }, code) =>
    leeway.confirmSetup(person.userId, person.code(code, 'setup'), { setupId: person.setupId }),
  cancelSetup: async ({ leeway, person }) => {
    await leeway.cancelSetup(person.userId, { setupId: person.setupId })
    return undefined
  },

  verifyCode: ({ leeway, person }, code) => leeway.verifyCode(person.userId, person.code(code, 'bound')),
  useRecoveryCode: ({ leeway, person }, code) => leeway.useRecoveryCode(person.userId, person.recoveryCode(code)),
  revokeAuthenticator: ({ leeway, person }, which, ...note) =>
    leeway.revokeAuthenticator(person.userId, person.authenticatorId(which), ...note),
  renameAuthenticator: ({ leeway, person }, which, label) =>
    leeway.renameAuthenticator(person.userId, person.authenticatorId(which), label),
  removeAuthenticator: ({ leeway, person }, which, proof) =>
    leeway.removeAuthenticator(person.userId, person.authenticatorId(which), proofOf(person, proof)),
  replaceRecoveryCodes: ({ leeway, person }, proof) =>
    leeway.replaceRecoveryCodes(person.userId, proofOf(person, proof)),
  forget: async ({ leeway, person }) => {
    await leeway.forget(person.userId)
    return undefined
  },
}

/** Does what a command says, and answers what leeway does. */
export async function perform(scene: Scene, { name, given }: NamedCommand): Promise<unknown> {
  if (!Object.hasOwn(PERFORMERS, name)) throw new TypeError(`there is no command ${String(name)}`)
  const performer = PERFORMERS[name] as (scene: Scene, ...given: readonly unknown[]) => Promise<unknown>
  return performer(scene, ...given)
}

function proofOf(person: Known, proof: ProofShown): Proof {
  return 'code' in proof
    ? { code: person.code(proof.code, 'bound') }
    : { recoveryCode: person.recoveryCode(proof.recoveryCode) }
}
