// @ts-check
// Compares the public API of every entry point with its report in config/api; `--update` writes the reports instead.
// A changed report is reviewed with the change that made it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel, ExtractorMessageCategory } from '@microsoft/api-extractor'

const update = process.argv.includes('--update')
const { tsup } = JSON.parse(readFileSync('package.json', 'utf8'))

// It must read the compiler's own declarations: bundled ones have lost the place of their comments.
const tsc = 'node_modules/typescript/bin/tsc -p config/tsconfig.build.json --emitDeclarationOnly --outDir temp/types'
rmSync('temp/types', { recursive: true, force: true })
if (spawnSync(process.execPath, tsc.split(' '), { stdio: 'inherit' }).status !== 0) process.exit(1)
mkdirSync('config/api', { recursive: true })

for (const [entry, source] of Object.entries(tsup.entry)) {
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: resolve('package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: resolve('.'),
      mainEntryPointFilePath: resolve(source.replace(/^src/, 'temp/types').replace(/\.ts$/, '.d.ts')),
      compiler: { tsconfigFilePath: resolve('config/tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFolder: resolve('config/api'),
        reportTempFolder: resolve('temp/api'),
        reportFileName: `${entry}.api.md`,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Error },
          // Everything that is exported is public. Typedoc judges links, and what is used without export or comment.
          'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.None },
          'ae-undocumented': { logLevel: ExtractorLogLevel.None },
          'ae-unresolved-link': { logLevel: ExtractorLogLevel.None },
        },
        // Typedoc judges the comments.
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  })
  const { apiReportChanged, succeeded } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback(message) {
      if (message.category === ExtractorMessageCategory.Console) message.handled = true
    },
  })
  const state = !apiReportChanged
    ? 'as reported'
    : update
      ? 'report written'
      : 'differs from its report: npm run api:update'
  console.log(`${entry}: ${state}`)
  if (!succeeded || (apiReportChanged && !update)) process.exitCode = 1
}
