import { aesGcmCipher } from '../../src/cipher/aes-gcm.js'
import { type EnrollmentRecord, indexOf } from '../../src/enrollment/record.js'
import type { EnrollmentRepository, StoredEnrollment } from '../../src/ports/index.js'
import type { Leeway } from '../../src/service/leeway.js'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { phone, seededRandom } from '../../src/testing/index.js'
import {
  DAY,
  type Enrolled,
  enroll,
  K1,
  masterKey,
  NOW,
  type Setting,
  STEP,
  type Store,
  settingOf,
  WRONG_RECOVERY_CODE,
  wrongCode,
} from './setting.js'

/** What the operations work with. */
export interface Scene {
  /** what is stored of Ada; null: nothing */
  stored: StoredEnrollment | null
  /** Ada's, where she has one */
  enrolled: Enrolled
  /** the code that Ada's phone shows, and one that it shows at no time near */
  right: string
  wrong: string
  /** the set-up that is pending, where one is */
  pending: { id: string; right: string; wrong: string }
  /** a pass that was issued, where one was */
  pass: string
  /** the time at which all of it was left */
  now: number
}

const NOTHING: Omit<Scene, 'stored' | 'now'> = {
  enrolled: { phone: phone(masterKey(7)), secret: '', authenticatorId: '', recoveryCodes: [] },
  right: '000000',
  wrong: '111111',
  pending: { id: '', right: '', wrong: '' },
  pass: '',
}

async function leave({ repository, clock }: Setting, scene: Partial<Scene>): Promise<Scene> {
  return { ...NOTHING, ...scene, stored: await repository.find('ada'), now: clock() }
}

async function begin({ leeway, clock }: Setting, proof?: { code: string }): Promise<Scene['pending']> {
  const begun = await leeway.beginSetup('ada', { accountName: 'ada', proof })
  if (!begun.ok) throw new Error(begun.reason)
  const app = phone(begun.setup.keyUri)
  return { id: begun.setup.id, right: app.codeAt(clock()), wrong: wrongCode(app, clock()) }
}

/** How Ada may stand before an operation. */
export type SceneName =
  | 'nobody'
  | 'required'
  | 'pending'
  | 'passed'
  | 'enrolled'
  | 'adding'
  | 'suspended'
  | 'exempt'
  | 'failed'
  | 'due'

const SCENES: Record<SceneName, (setting: Setting) => Promise<Scene>> = {
  nobody: (setting: Setting) => leave(setting, {}),

  async required(setting: Setting) {
    const period = { days: 30, start: 'first-sign-in' } as const
    await setting.leeway.requireEnrollment('ada', { period, postponements: 3 })
    return leave(setting, {})
  },

  async pending(setting: Setting) {
    await setting.leeway.requireEnrollment('ada', { period: { days: 30 } })
    return leave(setting, { pending: await begin(setting) })
  },

  async passed(setting: Setting) {
    await setting.leeway.requireEnrollment('ada', { period: 'none', selfEnrollment: 'with-pass' })
    return leave(setting, { pass: (await setting.leeway.issuePass('ada')).pass })
  },

  async enrolled(setting: Setting) {
    const enrolled = await enroll(setting, 'ada')
    const now = setting.clock()
    return leave(setting, { enrolled, right: enrolled.phone.codeAt(now), wrong: wrongCode(enrolled.phone, now) })
  },

  async adding(setting: Setting) {
    const enrolled = await enroll(setting, 'ada')
    const pending = await begin(setting, { code: enrolled.phone.codeAt(setting.clock()) })
    const now = setting.clock() + STEP
    setting.clock.set(now)
    const app = { right: enrolled.phone.codeAt(now), wrong: wrongCode(enrolled.phone, now) }
    return leave(setting, { enrolled, pending, ...app })
  },

  async suspended(setting: Setting) {
    await setting.leeway.requireEnrollment('ada', { period: { days: 30 } })
    await setting.leeway.suspend('ada')
    return leave(setting, {})
  },

  async exempt(setting: Setting) {
    await setting.leeway.exempt('ada', { until: NOW + DAY, reason: 'at sea' })
    return leave(setting, {})
  },

  async due(setting: Setting) {
    await setting.leeway.requireEnrollment('ada', { period: { days: 1 } })
    return leave(setting, {})
  },

  async failed(setting: Setting) {
    const enrolled = await enroll(setting, 'ada')
    const now = setting.clock()
    await setting.leeway.verifyCode('ada', wrongCode(enrolled.phone, now))
    return leave(setting, { enrolled, right: enrolled.phone.codeAt(now), wrong: wrongCode(enrolled.phone, now) })
  },
}

/** One call of the service, and how Ada stands before it. */
export interface Operation {
  scene: SceneName
  run(leeway: Leeway, scene: Scene): Promise<unknown>
}

const operation = (scene: Operation['scene'], run: Operation['run']): Operation => ({ scene, run })

/** Calls that each change something, of every method that can. */
export const CHANGES: Record<string, Operation> = {
  requireEnrollment: operation('nobody', (leeway) => leeway.requireEnrollment('ada', { period: { days: 9 } })),
  changeDeadline: operation('required', (leeway) => leeway.changeDeadline('ada', { addDays: 9 }, { actor: 'root' })),
  exempt: operation('required', (leeway) => leeway.exempt('ada', { until: NOW + DAY, reason: 'at sea' })),
  endExemption: operation('exempt', (leeway) => leeway.endExemption('ada')),
  makeOptional: operation('required', (leeway) => leeway.makeOptional('ada')),
  suspend: operation('required', (leeway) => leeway.suspend('ada')),
  resume: operation('suspended', (leeway) => leeway.resume('ada')),
  resetMfa: operation('enrolled', (leeway) => leeway.resetMfa('ada', { grace: { days: 3 } })),
  revokeAuthenticator: operation('enrolled', (leeway, { enrolled }) =>
    leeway.revokeAuthenticator('ada', enrolled.authenticatorId),
  ),
  unlock: operation('failed', (leeway) => leeway.unlock('ada')),
  issuePass: operation('required', (leeway) => leeway.issuePass('ada')),
  signIn: operation('required', (leeway) => leeway.signIn('ada')),
  postponeSetup: operation('required', (leeway) => leeway.postponeSetup('ada', { signInId: 'monday' })),
  'verifyCode, right': operation('failed', (leeway, { right }) => leeway.verifyCode('ada', right)),
  'verifyCode, wrong': operation('failed', (leeway, { wrong }) => leeway.verifyCode('ada', wrong)),
  'useRecoveryCode, right': operation('enrolled', (leeway, { enrolled }) =>
    leeway.useRecoveryCode('ada', enrolled.recoveryCodes[0]),
  ),
  'useRecoveryCode, wrong': operation('enrolled', (leeway) => leeway.useRecoveryCode('ada', WRONG_RECOVERY_CODE)),
  beginSetup: operation('required', (leeway) => leeway.beginSetup('ada', { accountName: 'ada' })),
  'beginSetup with a pass': operation('passed', (leeway, { pass }) =>
    leeway.beginSetup('ada', { accountName: 'ada', pass }),
  ),
  'beginSetup with a wrong pass': operation('passed', (leeway) =>
    leeway.beginSetup('ada', { accountName: 'ada', pass: WRONG_RECOVERY_CODE }),
  ),
  'beginSetup with a proof': operation('enrolled', (leeway, { right }) =>
    leeway.beginSetup('ada', { accountName: 'ada', proof: { code: right } }),
  ),
  'confirmSetup, right': operation('pending', (leeway, { pending }) => leeway.confirmSetup('ada', pending.right)),
  'confirmSetup, wrong': operation('pending', (leeway, { pending }) => leeway.confirmSetup('ada', pending.wrong)),
  'confirmSetup of another': operation('adding', (leeway, { pending }) =>
    leeway.confirmSetup('ada', pending.right, { setupId: pending.id }),
  ),
  cancelSetup: operation('pending', (leeway) => leeway.cancelSetup('ada')),
  renameAuthenticator: operation('enrolled', (leeway, { enrolled }) =>
    leeway.renameAuthenticator('ada', enrolled.authenticatorId, 'Phone'),
  ),
  removeAuthenticator: operation('enrolled', (leeway, { enrolled, right }) =>
    leeway.removeAuthenticator('ada', enrolled.authenticatorId, { code: right }),
  ),
  replaceRecoveryCodes: operation('enrolled', (leeway, { enrolled }) =>
    leeway.replaceRecoveryCodes('ada', { recoveryCode: enrolled.recoveryCodes[0] }),
  ),
  importAuthenticator: operation('adding', (leeway) =>
    leeway.importAuthenticator('ada', { secret: masterKey(60), recoveryCodes: ['ABCDEFGH'] }),
  ),
  forget: operation('enrolled', (leeway) => leeway.forget('ada')),
}

/** Calls that write nothing. */
export const READS: Record<string, Operation> = {
  decide: operation('required', (leeway) => leeway.decide('ada')),
  status: operation('enrolled', (leeway) => leeway.status('ada')),
  'beginSetup, resumed': operation('pending', (leeway, { pending }) =>
    leeway.beginSetup('ada', { accountName: 'ada', setupId: pending.id }),
  ),
  'verifyCode, malformed': operation('enrolled', (leeway) => leeway.verifyCode('ada', 'a code')),
  'suspend, unchanged': operation('suspended', (leeway) => leeway.suspend('ada')),
}

const scenes = new Map<string, Promise<Scene>>()

/** The scene of an operation, made once. */
export function sceneOf(name: SceneName): Promise<Scene> {
  const known = scenes.get(name)
  if (known !== undefined) return known
  const made = SCENES[name](settingOf({ random: seededRandom(name), cipher: aesGcmCipher({ keys: [K1] }) }))
  scenes.set(name, made)
  return made
}

/** A memory store in which Ada stands as in the scene. */
export async function storeOf({ stored }: Scene): Promise<Store> {
  const repository = memoryRepository()
  if (stored === null) return repository
  const { enrollment, version } = stored
  const index = indexOf(enrollment as EnrollmentRecord)
  await repository.save({ userId: 'ada', enrollment, version, index, expected: null, events: [] })
  return repository
}

/** What is stored of Ada, where there is something. */
export async function recordOf(repository: EnrollmentRepository): Promise<EnrollmentRecord> {
  const stored = await repository.find('ada')
  if (stored === null) throw new Error('nothing is stored of Ada')
  return stored.enrollment as EnrollmentRecord
}

/** A record without what differs from run to run although nothing else does: nonces, and ids drawn anew on a retry. */
export function comparable(stored: StoredEnrollment | null): unknown {
  if (stored === null) return null
  const record = stored.enrollment as EnrollmentRecord
  const recoveryCodes = record.recoveryCodes.map(({ usedAt, imported }) => ({ usedAt, imported }))
  return JSON.parse(JSON.stringify({ ...record, recoveryCodes }).replace(/seal1\.(\w+)\.[\w.-]+/g, 'sealed under $1'))
}
