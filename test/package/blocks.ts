import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { type Outcome, root, run } from './support.js'

/** A piece of code in a document, and the line it begins at. */
export interface Block {
  file: string
  line: number
  text: string
}

const fence = /^([ \t]*)(`{3,}|~{3,})[ \t]*(\S*)[ \t]*(.*)$/
const code = new Set(['ts', 'js'])
/** Above a fence: the file whose marked region it repeats. That is compiled and run where it is; see `inclusions.ts`. */
const elsewhere = /^<!-- from: \S+ -->$/
const prose = new Set(['sh', 'text', 'json', 'sql', 'diff', 'mermaid', 'html'])

/**
 * The ```ts and ```js blocks of a document. Refuses a fence it does not know, or one with more words than its language:
 * no block may be left out of the run without saying so. Left out are those that repeat a file, which is run by itself.
 */
export function blocksOf(file: string, markdown: string, firstLine = 1): Block[] {
  const blocks: Block[] = []
  let open: { indent: string; mark: string; block: Block | null } | null = null
  let above = ''
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, indent = '', mark = '', language = '', rest = ''] = fence.exec(line) ?? []
    if (open === null) {
      const isElsewhere = elsewhere.test(above)
      above = line
      if (mark === '') continue
      const place = `${file}:${firstLine + index}`
      if (!code.has(language) && !prose.has(language))
        throw new Error(`${place}: a fence of the unknown language '${language}'`)
      if (rest !== '') throw new Error(`${place}: a fence says more than its language: '${rest}'`)
      const block = code.has(language) && !isElsewhere ? { file, line: firstLine + index + 1, text: '' } : null
      if (block !== null) blocks.push(block)
      open = { indent, mark, block }
    } else if (mark.startsWith(open.mark) && language === '') {
      open = null
    } else if (open.block !== null) {
      open.block.text += `${line.startsWith(open.indent) ? line.slice(open.indent.length) : line}\n`
    }
  }
  if (open !== null) throw new Error(`${file}: a fence is never closed`)
  return blocks
}

/** One module made of blocks that follow from each other, and where each of its lines came from. */
interface Program {
  text: string
  places: string[]
}

/**
 * Puts blocks together: imports once each at the top, every block in a scope inside the one before, so that it sees what
 * came earlier and may name things anew.
 */
function programOf(blocks: readonly Block[]): Program {
  const imports = new Map<string, string>()
  const lines: string[] = []
  const places: string[] = []
  for (const { file, line, text } of blocks) {
    let body = text
    const source = ts.createSourceFile('block.ts', text, ts.ScriptTarget.ES2022)
    for (const statement of source.statements.filter(ts.isImportDeclaration)) {
      const declared = text.slice(statement.getStart(source), statement.end)
      for (const [name, single] of singleImports(statement)) imports.set(name, imports.get(name) ?? single)
      body = body.replace(declared, declared.replace(/[^\n]/g, ''))
    }
    lines.push('{')
    places.push(`${file}:${line}`)
    for (const [index, own] of body.split('\n').entries()) {
      lines.push(own.replace(/^export (?=const|let|function|async|class|type|interface)/, ''))
      places.push(`${file}:${line + index}`)
    }
  }
  const head = [...imports.values()]
  return {
    text: [...head, ...lines, '}'.repeat(blocks.length), 'export {}'].join('\n'),
    places: [...head.map(() => blocks[0]?.file ?? ''), ...places],
  }
}

/** An import declaration taken apart: what each name of it is imported by. */
function singleImports(statement: ts.ImportDeclaration): [name: string, single: string][] {
  const from = (statement.moduleSpecifier as ts.StringLiteral).text
  const clause = statement.importClause
  if (clause === undefined) return [[`'${from}'`, `import '${from}'`]]
  const keyword = clause.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'import type' : 'import'
  const found: [string, string][] = []
  if (clause.name !== undefined) found.push([clause.name.text, `${keyword} ${clause.name.text} from '${from}'`])
  const bindings = clause.namedBindings
  if (bindings !== undefined && ts.isNamespaceImport(bindings)) {
    found.push([bindings.name.text, `${keyword} * as ${bindings.name.text} from '${from}'`])
  } else if (bindings !== undefined) {
    for (const { name, propertyName, isTypeOnly } of bindings.elements) {
      const renamed = propertyName === undefined ? name.text : `${propertyName.text} as ${name.text}`
      found.push([name.text, `${keyword} { ${isTypeOnly ? 'type ' : ''}${renamed} } from '${from}'`])
    }
  }
  return found
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noImplicitReturns: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
}

// A comment after a console.log is what it prints; … stands for any text.
const toldLine = /^(\s*)console\.log\((.*)\) \/\/ (.+)$/
const tell = `
import { formatWithOptions as $format } from 'node:util'
function $told(expected, ...values) {
  const said = $format({ breakLength: Infinity, compact: Infinity }, ...values)
  const pattern = expected.split('…').map((part) => part.replace(/[\\\\^$.*+?()[\\]{}|]/g, '\\\\$&')).join('.*')
  if (!new RegExp('^' + pattern + '$', 's').test(said)) throw new Error('printed ' + said + ' where the comment says ' + expected)
}
`

/**
 * Compiles each group of blocks against the built package, as strictly as a consumer may, and runs it in a process and
 * an empty folder of its own. Gives one line per fault; a group that compiles, runs to its end and prints what its
 * comments say has none.
 */
export async function faultsOf(groups: readonly (readonly Block[])[]): Promise<string[]> {
  // Inside the repository, so that the package finds itself by name and its development dependencies beside it.
  mkdirSync(`${root}/temp`, { recursive: true })
  const folder = mkdtempSync(`${root}/temp/blocks-`)
  try {
    const programs = groups.map((blocks, index) => ({ ...programOf(blocks), file: `${folder}/${index}.mts` }))
    for (const { file, text } of programs) writeFileSync(file, text)
    const byFile = new Map(programs.map((program) => [program.file, program]))

    const checked = ts.createProgram([...byFile.keys()], options)
    const faults = ts.getPreEmitDiagnostics(checked).map(({ file, start = 0, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line
      const place = byFile.get(file?.fileName ?? '')?.places[line] ?? file?.fileName ?? 'compiler'
      return `${place}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
    })

    const waiting = programs.map((program, index) => async (): Promise<void> => {
      const told = program.text
        .split('\n')
        .map((line) =>
          line.replace(
            toldLine,
            (_, space, values, expected) => `${space}$told(${JSON.stringify(expected)}, ${values})`,
          ),
        )
      const { outputText } = ts.transpileModule(told.join('\n'), {
        compilerOptions: { ...options, noEmit: false, module: ts.ModuleKind.ESNext },
      })
      writeFileSync(`${folder}/${index}.mjs`, outputText + tell)
      mkdirSync(`${folder}/${index}`)
      const { code: exit, output }: Outcome = await run(
        process.execPath,
        ['--unhandled-rejections=strict', `${folder}/${index}.mjs`],
        `${folder}/${index}`,
      )
      if (exit !== 0)
        faults.push(
          `${groups[index]?.map(({ file, line }) => `${file}:${line}`).join(', ')}: ended with ${exit}:\n${output}`,
        )
    })
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next()
    }
    await Promise.all([worker(), worker()])
    return faults
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
