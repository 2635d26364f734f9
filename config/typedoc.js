// @ts-check
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Converter, KindRouter, ReflectionKind } from 'typedoc'

const root = fileURLToPath(new URL('..', import.meta.url))
const { tsup } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

/** What each entry point is imported by. @type {Map<string, string>} */
const specifiers = new Map(
  Object.entries(tsup.entry).map(([entry, source]) => [
    // As typedoc names them: by their file, without what they have in common.
    source.replace(/^src\//, '').replace(/(\/index)?\.ts$/, ''),
    entry === 'index' ? 'leeway' : `leeway/${entry}`,
  ]),
)

const GUIDES = [
  'quick-start',
  'planning',
  'frameworks',
  'recipes',
  'stores',
  'keys',
  'migrating',
  'testing',
  'runtimes',
  'reference',
]

/** Whatever lies in docs is on the site: the guides in the order in which they are needed, the rest is maintainers'. */
const documents = readdirSync(`${root}docs`)
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.replace(/\.md$/, ''))
const guides = GUIDES.filter((name) => documents.includes(name))
const others = documents.filter((name) => !GUIDES.includes(name))
const paths = [...[...guides, ...others].map((name) => `docs/${name}.md`), 'SECURITY.md', 'CHANGELOG.md']

/** A document's page is called as its file is, whatever its heading says. @type {Map<unknown, string>} */
const fileNames = new Map()

class SiteRouter extends KindRouter {
  /** @override @param {import('typedoc').Reflection} target */
  getIdealBaseName(target) {
    const name = fileNames.get(target)
    return name === undefined ? super.getIdealBaseName(target) : `documents/${name}`
  }
}

/**
 * Documents are called what their heading says, modules what they are imported by.
 * Where something is defined is said without a link: the site does not hold the sources.
 *
 * @param {import('typedoc').Application} app
 */
function leewaySite(app) {
  app.renderer.defineRouter('site', SiteRouter)
  app.converter.on(
    Converter.EVENT_RESOLVE_END,
    ({ project }) => {
      for (const reflection of Object.values(project.reflections)) {
        if (!reflection.isDeclaration() && !reflection.isSignature()) continue
        for (const source of reflection.sources ?? []) delete source.url
      }
    },
    // After typedoc's own, which sets them.
    -1000,
  )
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const [first] = document.content
    const heading = first?.kind === 'text' ? /^# (.+)\n/.exec(first.text) : null
    if (heading === null) throw new Error(`${document.name} does not begin with its heading`)
    const name = document.name.replace(/^docs\//, '')
    const isGuide = GUIDES.includes(name)
    const isProjects = name === name.toUpperCase()
    document.frontmatter['group'] = isGuide ? 'Guides' : isProjects ? 'Project' : 'For maintainers'
    fileNames.set(document, name.toLowerCase())
    document.name = heading[1] ?? document.name
  })
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, declaration) => {
    if (declaration.kind === ReflectionKind.Module)
      declaration.name = specifiers.get(declaration.name) ?? declaration.name
  })
}

/** What typedoc.json leaves to be found out. @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  projectDocuments: paths.map((path) => root + path),
  plugin: [leewaySite],
  router: 'site',
}
