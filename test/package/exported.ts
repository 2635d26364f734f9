import ts from 'typescript'
import { manifest, root } from './support.js'

/** What an entry point gives: names of values (a class is one), names that are types alone, and the symbols of both. */
export interface Exported {
  values: string[]
  types: string[]
  symbols: ts.Symbol[]
}

let known: Map<string, Exported> | undefined

/** The exports of every entry point by its import specifier, as the compiler sees them. */
export function exported(): ReadonlyMap<string, Exported> {
  known ??= read()
  return known
}

function read(): Map<string, Exported> {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}/config/tsconfig.build.json`,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )
  const program = ts.createProgram(config?.fileNames ?? [], config?.options ?? {})
  const checker = program.getTypeChecker()
  return new Map(
    Object.entries(manifest.tsup.entry).map(([entry, source]) => {
      const file = program.getSourceFile(`${root}/${source}`)
      const module = file === undefined ? undefined : checker.getSymbolAtLocation(file)
      if (module === undefined) throw new Error(`${source} is no module`)
      const symbols = checker
        .getExportsOfModule(module)
        .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      const isValue = (symbol: ts.Symbol): boolean => (symbol.flags & ts.SymbolFlags.Value) !== 0
      return [
        entry === 'index' ? 'leeway' : `leeway/${entry}`,
        {
          values: symbols.filter(isValue).map(({ name }) => name),
          types: symbols.filter((symbol) => !isValue(symbol)).map(({ name }) => name),
          symbols,
        },
      ]
    }),
  )
}
