import ts from 'typescript'
import { manifest, root } from './support.js'

/** What the public types say, by the names of types and functions. */
export interface PublicTypes {
  /** the string literals of a type: of a union, or of a property of any of its members by a path such as `LockState.state` */
  words(path: string): string[]
  /** the literals of one property with those of another, for each member of a union */
  pairs(type: string, one: string, other: string): string[]
  /** the properties of a type's members; what is nested, and in `inside` or without a name, comes with dots */
  properties(type: string, inside?: readonly string[]): string[]
  /** the methods of an interface, or all functions that are exported; those of one name in several modules are one */
  signatures(type?: string): Signatures
}

/** Functions, or the methods of a type, by their names. */
export interface Signatures {
  names: string[]
  /** `name option` for the properties of every parameter that is an object, except for parameters called one of these */
  options(except: readonly string[]): string[]
  /** `name reason` for each reason of an answer whose `ok` is false */
  reasons(): string[]
}

/** Reads the sources of every entry point but `leeway/testing`, which has a guide of its own. */
export function publicTypes(): PublicTypes {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}/config/tsconfig.build.json`,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )
  const program = ts.createProgram(config?.fileNames ?? [], config?.options ?? {})
  const checker = program.getTypeChecker()
  const exported = Object.entries(manifest.tsup.entry).flatMap(([entry, source]) => {
    if (entry === 'testing') return []
    const file = program.getSourceFile(`${root}/${source}`)
    const module = file && checker.getSymbolAtLocation(file)
    if (module === undefined) throw new Error(`${source} is no module`)
    return checker
      .getExportsOfModule(module)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
  })

  // Types that are used in a signature without being exported are public words as well.
  const declared = new Map<string, ts.Symbol>()
  for (const file of program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(`${root}/src/`))) {
    for (const statement of file.statements) {
      if (!ts.isInterfaceDeclaration(statement) && !ts.isTypeAliasDeclaration(statement)) continue
      const symbol = checker.getSymbolAtLocation(statement.name)
      if (symbol !== undefined) declared.set(statement.name.text, symbol)
    }
  }
  const typeOf = (name: string): ts.Type => {
    const symbol = exported.find((one) => one.name === name) ?? declared.get(name)
    if (symbol === undefined) throw new Error(`there is no type ${name}`)
    return checker.getDeclaredTypeOfSymbol(symbol)
  }

  /** The members of a union but undefined and null; what is a promise or a list, by what it holds. */
  const membersOf = (type: ts.Type): ts.Type[] => {
    if (type.isUnion()) return type.types.flatMap(membersOf)
    return type.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null) ? [] : [type]
  }
  const heldBy = (type: ts.Type): ts.Type =>
    checker.isArrayType(type)
      ? (checker.getTypeArguments(type as ts.TypeReference)[0] ?? type)
      : (checker.getAwaitedType(type) ?? type)
  const propertyOf = (type: ts.Type, name: string): ts.Type[] =>
    membersOf(type).flatMap((member) => {
      const property = checker.getPropertyOfType(member, name)
      return property === undefined ? [] : membersOf(checker.getTypeOfSymbol(property)).map(heldBy).flatMap(membersOf)
    })
  const literalsOf = (types: readonly ts.Type[]): string[] => [
    ...new Set(types.flatMap((type) => (type.isStringLiteral() ? [type.value] : []))),
  ]
  const isObject = (type: ts.Type): boolean =>
    (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0 &&
    type.getCallSignatures().length === 0 &&
    !checker.isArrayLikeType(type) &&
    !/^(Uint8Array|Iterable|AsyncIterable)\b/.test(checker.typeToString(type))

  const flattened = (type: ts.Type, inside: readonly string[]): string[] => {
    const found = membersOf(type)
      .filter(isObject)
      .flatMap((member) =>
        checker.getPropertiesOfType(member).flatMap((property) => {
          const within = membersOf(checker.getTypeOfSymbol(property))
          const isNested = ({ symbol, aliasSymbol, flags }: ts.Type): boolean =>
            (flags & ts.TypeFlags.Intersection) !== 0 ||
            (aliasSymbol === undefined && symbol?.name === '__type') ||
            inside.includes(aliasSymbol?.name ?? symbol?.name ?? '')
          const nested = within.filter((one) => isObject(one) && isNested(one))
          return nested.length === 1 && within.length === 1
            ? nested.flatMap((one) => flattened(one, inside)).map((name) => `${property.name}.${name}`)
            : [property.name]
        }),
      )
    return [...new Set(found)]
  }

  const signaturesOf = (functions: readonly ts.Symbol[]): Signatures => {
    const calls = functions.flatMap((one) =>
      checker
        .getTypeOfSymbol(one)
        .getCallSignatures()
        .map((signature) => ({ name: one.name, signature })),
    )
    return {
      names: [...new Set(calls.map(({ name }) => name))],
      options: (except) => [
        ...new Set(
          calls.flatMap(({ name, signature }) =>
            signature.parameters
              .filter((parameter) => !except.includes(parameter.name))
              .flatMap((parameter) => flattened(checker.getTypeOfSymbol(parameter), []))
              .map((option) => `${name} ${option}`),
          ),
        ),
      ],
      reasons: () =>
        calls.flatMap(({ name, signature }) => {
          const refused = membersOf(heldBy(signature.getReturnType())).filter((answer) =>
            propertyOf(answer, 'ok').some((ok) => checker.typeToString(ok) === 'false'),
          )
          return literalsOf(refused.flatMap((answer) => propertyOf(answer, 'reason'))).map(
            (reason) => `${name} ${reason}`,
          )
        }),
    }
  }

  return {
    words(path) {
      const [name = '', ...properties] = path.split('.')
      const types = properties.reduce(
        (held, property) => held.flatMap((one) => propertyOf(one, property)),
        membersOf(typeOf(name)),
      )
      return literalsOf(types)
    },
    pairs: (name, one, other) =>
      membersOf(typeOf(name)).flatMap((member) =>
        literalsOf(propertyOf(member, one)).flatMap((first) =>
          literalsOf(propertyOf(member, other)).map((second) => `${first} ${second}`),
        ),
      ),
    properties: (name, inside = []) => flattened(typeOf(name), inside),
    signatures: (name) =>
      signaturesOf(
        name === undefined
          ? exported.filter(({ flags }) => flags & ts.SymbolFlags.Function)
          : checker.getPropertiesOfType(typeOf(name)),
      ),
  }
}
