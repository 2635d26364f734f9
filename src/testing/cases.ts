import { assertKnownKeys, assertObject } from '../assert.js'

/** A store under test, empty, and how to put it away. */
export interface Opened {
  /** Puts the store away; called once the case is over, whatever it came to. */
  close?: (() => Promise<void>) | undefined
}

/** One promise of a store and its proof. */
export interface RepositoryCase {
  /** the rule, as a test's name */
  readonly name: string
  /** the sentence of the contract that it follows from */
  readonly contract: string
  /** Opens a store, tries it and closes it; rejects with an error that says what was promised and what was done. */
  run(): Promise<void>
}

/** A case as its file writes it: `prove` rejects where the promise is broken. */
export type CaseRow<Bench> = readonly [name: string, contract: string, prove: (bench: Bench) => Promise<void>]

/** What `open` may answer with. */
const OPENED = ['repository', 'another', 'close'] as const

/** The rows as cases, each on a store of its own. */
export function casesOf<Store extends Opened, Bench>(
  rows: readonly CaseRow<Bench>[],
  open: () => Promise<Store>,
  benchOf: (opened: Store) => Bench,
): readonly RepositoryCase[] {
  if (typeof open !== 'function') throw new TypeError('open must be a function')
  return Object.freeze(
    rows.map(([name, contract, prove]) =>
      Object.freeze({
        name,
        contract,
        async run(): Promise<void> {
          const opened = await open()
          assertObject(opened, 'what open answers')
          try {
            // A misspelt `another` would let all racers over one connection.
            assertKnownKeys(opened, OPENED, 'what open answers')
            await prove(benchOf(opened))
          } catch (cause) {
            // What was broken tells more than what closing it says.
            await opened.close?.().catch(() => {})
            throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)} (${contract})`, {
              cause,
            })
          }
          await opened.close?.()
        },
      }),
    ),
  )
}
