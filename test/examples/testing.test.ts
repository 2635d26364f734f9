import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryRepository } from '../../src/stores/memory/index.js'
import { repositoryCases } from '../../src/testing/index.js'
import { root, run } from '../package/support.js'

/** How many tests a run passed, and the names of those that failed. */
interface Counted {
  code: number
  passed: number
  failed: readonly string[]
}

/** Each test runner, as the examples say that it is started, with a report that can be read. */
const RUNNERS: Record<string, (folder: string) => Promise<Counted>> = {
  async vitest(folder) {
    const vitest = `${root}/node_modules/vitest/vitest.mjs`
    return fromJson(await node([vitest, 'run', '--config', 'vitest.config.js', '--reporter=json'], folder))
  },
  async 'node:test'(folder) {
    const { code, output } = await node(['--test', '--test-reporter=tap', 'node.test.js'], folder)
    const failed = [...output.matchAll(/^\s+not ok \d+ - (.+)$/gm)].map(([, name = '']) => name)
    return { code, passed: Number(/^# pass (\d+)$/m.exec(output)?.[1]), failed }
  },
  async jest(folder) {
    return fromJson(await node(['--experimental-vm-modules', JEST, '--config', 'jest.config.js', '--json'], folder))
  },
  async 'jest, as CommonJS'(folder) {
    return fromJson(await node([JEST, '--config', 'jest.config.cjs', '--json'], folder))
  },
}
const JEST = `${root}/node_modules/jest/bin/jest.js`
/** The tests of the sign-in, and those of the store. */
const WHOLE = 7 + repositoryCases(async () => ({ repository: memoryRepository() })).length

const node = (args: readonly string[], folder: string) => run(process.execPath, args, folder)

function fromJson({ code, output }: { code: number; output: string }): Counted {
  const line = output.split('\n').find((one) => one.startsWith('{"num'))
  if (line === undefined) throw new Error(`there is no report:\n${output}`)
  const report = JSON.parse(line) as {
    numPassedTests: number
    testResults: { assertionResults: { title: string; status: string }[] }[]
  }
  const failed = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed').map(({ title }) => title),
  )
  return { code, passed: report.numPassedTests, failed }
}

/** What is broken in a copy, and what then has to be found. */
const FAULTS = [
  ['sign-in.js', 'levelFor(decision)\n', "decision.phase === 'overdue' ? 'password' : levelFor(decision)\n"],
  ['store.js', "if ((rows.get(userId)?.version ?? null) !== expected) return 'conflict'\n", '\n'],
  ['jest.test.cjs', "{ to: 'deadline' }", "{ to: 'deadline', milliseconds: -1 }"],
] as const

/** The examples with every fault, where the package still finds itself by name. */
function brokenCopy(): string {
  mkdirSync(`${root}/temp`, { recursive: true })
  const folder = mkdtempSync(`${root}/temp/testing-`)
  cpSync(`${root}/examples/testing`, folder, { recursive: true })
  for (const [file, right, wrong] of FAULTS) {
    const text = readFileSync(`${folder}/${file}`, 'utf8')
    if (!text.includes(right)) throw new Error(`${file} has no place for its fault`)
    writeFileSync(`${folder}/${file}`, text.replace(right, wrong))
  }
  return folder
}

describe.concurrent('the examples of testing', () => {
  it.each(Object.entries(RUNNERS))('pass with %s, all of them', async (name, start) => {
    const expected = name === 'jest, as CommonJS' ? 2 : WHOLE
    expect(await start(`${root}/examples/testing`)).toEqual({ code: 0, passed: expected, failed: [] })
  })

  it.each(Object.entries(RUNNERS))(
    'fail with %s, where the auth server or its store is broken',
    async (name, start) => {
      const folder = brokenCopy()
      try {
        const { code, failed } = await start(folder)
        expect(code).not.toBe(0)
        const found =
          name === 'jest, as CommonJS'
            ? ['is made for set-up alone once the deadline is over']
            : ['reaches set-up and nothing else from the deadline on', 'of creations at once exactly one is saved']
        expect(failed).toEqual(expect.arrayContaining(found))
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )
})
