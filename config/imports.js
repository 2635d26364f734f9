/**
 * Who may import whom: the table of the architecture, for dependency-cruiser. A folder that is not in the table may
 * import nothing, so that a new one has to be thought about here first.
 *
 * `types` may be imported by `import type` only; `values` by both.
 */
const leaves = ['assert', 'errors', 'platform']

/** What a store is told about: events, phases and instants. */
const storeTypes = ['src/enrollment/', 'src/totp/']

const table = {
  '(assert|errors|platform)\\.ts$': { values: [], leaves: [] },
  'totp/': { values: ['src/totp/', 'node_modules/@noble/hashes/'], leaves: ['assert', 'platform'] },
  'enrollment/': { values: ['src/enrollment/'], types: ['src/totp/'], leaves },
  'record/': {
    values: ['src/record/', 'src/enrollment/', 'node_modules/zod/'],
    types: ['src/ports/', 'src/totp/'],
    leaves,
  },
  'ports/': { values: ['src/ports/'], types: ['src/enrollment/', 'src/totp/'], leaves },
  'service/': { values: ['src/service/', 'src/totp/', 'src/enrollment/', 'src/record/', 'src/ports/'], leaves },
  'cipher/': { values: ['src/cipher/', 'src/ports/', 'src/record/'], leaves },
  'stores/memory/': { values: ['src/stores/memory/', 'src/ports/', 'src/record/'], types: storeTypes, leaves },
  'stores/sql/': { values: ['src/stores/sql/', 'src/ports/', 'src/record/'], types: storeTypes, leaves },
  'stores/sqlite/': { values: ['src/stores/(sqlite|sql)/', 'src/ports/', 'src/record/'], types: storeTypes, leaves },
  'stores/postgres/': {
    values: ['src/stores/(postgres|sql)/', 'src/ports/', 'src/record/'],
    types: storeTypes,
    leaves,
  },
  'stores/mysql/': { values: ['src/stores/(mysql|sql)/', 'src/ports/', 'src/record/'], types: storeTypes, leaves },
  'stores/redis/': { values: ['src/stores/redis/', 'src/ports/', 'src/record/'], types: storeTypes, leaves },
  'http/': {
    values: ['src/http/', 'src/qr/index\\.ts$', 'node_modules/zod/'],
    types: ['src/index\\.ts$'],
    leaves: ['assert', 'platform'],
  },
  'qr/': { values: ['src/qr/', 'node_modules/qr/'], leaves: ['assert', 'platform'] },
  'testing/': {
    values: [
      'src/testing/',
      'src/index\\.ts$',
      'src/(totp|stores/[a-z]+)/index\\.ts$',
      // records as the machine makes them
      'src/enrollment/(record|status|transition)\\.ts$',
      'src/service/policy\\.ts$',
    ],
    types: ['src/ports/', 'src/enrollment/', 'src/totp/', 'src/http/index\\.ts$', 'node_modules/fast-check/'],
    leaves,
  },
  'index\\.ts$': { values: ['src/(totp|enrollment|record|ports|service|cipher)/'], leaves },
}

const anyOf = (paths) => `^(${paths.join('|')})`

const layers = Object.entries(table).flatMap(([folder, { values, types = [], leaves: own }]) => {
  const allowed = [...values, ...own.map((leaf) => `src/${leaf}\\.ts$`)]
  const from = { path: `^src/${folder}` }
  const name = folder.replace(/\W+/g, ' ').trim()
  return [
    {
      name: `${name}: not in the table`,
      severity: 'error',
      from,
      to: { pathNot: anyOf([...allowed, ...types, 'a^']) },
    },
    {
      name: `${name}: types only`,
      severity: 'error',
      from,
      to: { path: anyOf([...types, 'a^']), pathNot: anyOf([...allowed, 'a^']), dependencyTypesNot: ['type-only'] },
    },
  ]
})

const folders = Object.keys(table).map((folder) => `src/${folder}`)

export default {
  forbidden: [
    ...layers,
    {
      name: 'folder without a row in the table',
      severity: 'error',
      from: { path: '^src/', pathNot: anyOf(folders) },
      to: {},
    },
    {
      name: 'nothing imports testing',
      severity: 'error',
      from: { pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'leeway/totp reaches neither zod nor the service',
      severity: 'error',
      from: { path: '^src/totp/index\\.ts$' },
      to: { path: '^(node_modules/zod/|src/(service|record|enrollment)/)', reachable: true },
    },
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no orphans', severity: 'error', from: { orphan: true }, to: {} },
    { name: 'no node builtins', severity: 'error', from: {}, to: { dependencyTypes: ['core'] } },
    {
      name: 'only declared dependencies',
      severity: 'error',
      from: {},
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined', 'aliased'],
        pathNot: '^node_modules/fast-check/',
      },
    },
    { name: 'every import resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
