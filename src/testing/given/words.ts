import { assertKnownKeys, assertObject, assertOneOf, isObject } from '../../assert.js'
import { type CommandName, commandOf, LANDMARKS, type StoryStep, UNITS } from './commands.js'

/** Refuses one thing that a step says; `name` is the step's. */
type Check = (value: unknown, name: string) => void

/**
 * Refuses what a step says and nobody reads, in the words and properties that are the kit's own: a misspelt one would
 * be a default, and the story another. What a method of `Leeway` takes is refused by the method.
 */
export function assertWords(step: StoryStep, name: string): void {
  const command = commandOf(step)
  if (command === null) assertLapse(step, name)
  else for (const [at, check] of OWN_WORDS.get(command.name)?.entries() ?? []) check?.(command.given[at], name)
}

function assertLapse(lapse: unknown, name: string): void {
  assertObject(lapse, name)
  assertKnownKeys(lapse, ['at', 'to', ...Object.keys(UNITS)], name)
  const { at, to, ...units } = lapse
  if (to !== undefined) assertOneOf(to, `to of ${name}`, LANDMARKS)
  const others = [to, ...Object.values(units)]
  if (at !== undefined && others.some((other) => other !== undefined))
    throw new TypeError(`${name} can have nothing beside at`)
}

/** A word, or an object in place of it. */
function assertWord(value: unknown, name: string, properties: readonly string[]): void {
  if (isObject(value)) assertKnownKeys(value, properties, name)
  else assertOneOf(value, name, ['right', 'wrong', 'used'])
}

const code: Check = (value, name) => assertWord(value, `the code of ${name}`, ['driftSeconds', 'exactly'])
const recoveryCode: Check = (value, name) => assertWord(value, `the recovery code of ${name}`, ['exactly'])
const pass: Check = (value, name) => assertWord(value, `the pass of ${name}`, ['exactly'])

const proof: Check = (value, name) => {
  const own = `the proof of ${name}`
  assertObject(value, own)
  assertKnownKeys(value, ['code', 'recoveryCode'], own)
  if ('code' in value) code(value['code'], own)
  else recoveryCode(value['recoveryCode'], own)
}

/** Options, all of which may be left out, and so may they. */
function options(known: Readonly<Record<string, Check | null>>): Check {
  return (value, name) => {
    if (value === undefined) return
    const own = `the options of ${name}`
    assertObject(value, own)
    assertKnownKeys(value, Object.keys(known), own)
    for (const [key, part] of Object.entries(value)) if (part !== undefined) known[key]?.(part, name)
  }
}

/** Of each command what it takes that is the kit's own, in its place. */
const OWN_WORDS: ReadonlyMap<CommandName, readonly (Check | null)[]> = new Map<CommandName, readonly (Check | null)[]>([
  ['setUp', [options({ label: null })]],
  ['beginSetup', [options({ label: null, resume: null, pass, proof })]],
  ['confirmSetup', [code]],
  ['verifyCode', [code]],
  ['useRecoveryCode', [recoveryCode]],
  ['removeAuthenticator', [null, proof]],
  ['replaceRecoveryCodes', [proof]],
])
