import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { exported } from './exported.js'

type Contract = Record<string, { values: string[]; types: string[] }>
const contract = JSON.parse(readFileSync(new URL('contract.json', import.meta.url), 'utf8')) as Contract

describe('the public contract', () => {
  it('is of the entry points that there are', () => {
    expect([...exported().keys()].sort()).toEqual(Object.keys(contract).sort())
  })

  it.each(Object.entries(contract))('%s exports every name of it, and no value besides', (entry, { values, types }) => {
    const names = exported().get(entry)
    expect(names?.values.toSorted()).toEqual(values.toSorted())
    expect(names?.types).toEqual(expect.arrayContaining(types))
  })

  it.each(Object.entries(contract))('%s gives the same values to import and to require', async (entry, { values }) => {
    const module: unknown = await import(entry)
    expect(Object.keys(module as object).sort()).toEqual(values.toSorted())
    const { createRequire } = await import('node:module')
    expect(Object.keys(createRequire(import.meta.url)(entry) as object).sort()).toEqual(values.toSorted())
  })
})
