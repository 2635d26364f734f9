// @ts-check
// Checks links, and ends with 1 where one is broken.
//   node scripts/links.js [root]         every link of the repository's documents and doc comments: files and headings
//   node scripts/links.js --site folder  every link of a built site: pages, files and ids
// Other sites are not asked; only the form of their addresses is checked.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const isSite = process.argv[2] === '--site'
const root = resolve(process.argv[isSite ? 3 : 2] ?? '.')

/** A link, and the line of the file it is in. @typedef {{ file: string, line: number, target: string }} Link */

/** Files below the root by the end of their names; what is built or installed is left out. @param {string} end */
function filesOf(end, folder = root) {
  /** @type {string[]} */
  const found = []
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      const isLeftOut =
        !isSite && /^(\.git|node_modules|dist|docs-out|coverage|temp|reports|\..*-tmp)$/.test(entry.name)
      if (!isLeftOut) found.push(...filesOf(end, path))
    } else if (entry.name.endsWith(end)) {
      found.push(path)
    }
  }
  return found
}

/** What code says is no link; lines stay where they are. @param {string} markdown */
const withoutCode = (markdown) =>
  markdown
    .replace(/^([ \t]*)(`{3,}|~{3,})[\s\S]*?^\1\2[ \t]*$/gm, (code) => code.replace(/[^\n]/g, ' '))
    .replace(/(`+)[^`][\s\S]*?\1/g, (code) => code.replace(/[^\n]/g, '_'))

/** The links of a Markdown text. @param {string} file @param {string} markdown @returns {Link[]} */
function linksOf(file, markdown, firstLine = 1) {
  const text = withoutCode(markdown)
  const patterns = [/\]\(\s*<?([^\s)>]+)>?[^)]*\)/g, /^\[[^\]]+\]:\s*(\S+)/gm, /\b(?:href|src)="([^"]*)"/g]
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      file,
      line: firstLine + text.slice(0, match.index).split('\n').length - 1,
      target: match[1] ?? '',
    })),
  )
}

/** The ids that headings get on GitHub. @param {string} markdown @returns {Set<string>} */
function headingsOf(markdown) {
  /** @type {Map<string, number>} */
  const seen = new Map()
  // Of code only fences are left out: a heading may have some in it.
  const text = markdown.replace(/^([ \t]*)(`{3,}|~{3,})[\s\S]*?^\1\2[ \t]*$/gm, '')
  const ids = [...text.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading = '']) => {
    const id = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-')
    const times = seen.get(id) ?? 0
    seen.set(id, times + 1)
    return times === 0 ? id : `${id}-${times}`
  })
  return new Set(ids)
}

/** What is wrong with the address of another site; null: nothing that can be seen from here. @param {string} target */
function faultOfAddress(target) {
  if (!URL.canParse(target)) return 'is no address'
  const { protocol, hostname } = new URL(target)
  if (protocol === 'mailto:') return null
  if (protocol !== 'https:') return `is ${protocol} and not https:`
  return /^[\w-]+(\.[\w-]+)+$/.test(hostname) && !/^[\d.]+$/.test(hostname) ? null : 'is on no public host'
}

/** @type {Map<string, Set<string>>} */
const known = new Map()

/** The ids in a file that can be linked to. @param {string} file */
function idsOf(file) {
  let ids = known.get(file)
  if (ids === undefined) {
    const text = readFileSync(file, 'utf8')
    ids = file.endsWith('.md')
      ? headingsOf(text)
      : new Set([...text.matchAll(/\bid="([^"]+)"/g)].map(([, id = '']) => id))
    known.set(file, ids)
  }
  return ids
}

/** What is wrong with a link; null: nothing. @param {Link} link */
function faultOf({ file, target }) {
  if (/^[a-z][a-z\d+.-]*:/i.test(target)) return isSite && target.startsWith('data:') ? null : faultOfAddress(target)
  const [, path = '', id] = /^([^#?]*)(?:\?[^#]*)?(?:#(.*))?$/.exec(target) ?? []
  const place = path === '' ? file : resolve(dirname(file), decodeURIComponent(path))
  if (relative(root, place).startsWith('..')) return 'leads out of here'
  if (!existsSync(place)) return 'leads to no file'
  const isFolder = statSync(place).isDirectory()
  // Lists of folders are GitHub's alone: neither npm nor the site has them.
  if (isFolder && !(isSite && existsSync(join(place, 'index.html')))) return 'leads to a folder'
  if (id === undefined || id === '') return null
  if (!isFolder && !/\.(md|html|svg)$/.test(place)) return 'leads into a file that has no headings'
  return idsOf(isFolder ? join(place, 'index.html') : place).has(decodeURIComponent(id))
    ? null
    : 'leads to no heading or id'
}

/** The doc comments of a source file, with their lines. @param {string} file @returns {Link[]} */
function commentLinksOf(file) {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(({ 0: comment, index }) => {
    const plain = comment.replace(/^\/\*\*|\s*\*\/$/g, '').replace(/^[ \t]*\* ?/gm, '')
    return linksOf(file, plain, text.slice(0, index).split('\n').length)
  })
}

const links = isSite
  ? filesOf('.html').flatMap((file) => {
      const text = readFileSync(file, 'utf8').replace(/<script[\s\S]*?<\/script>/g, '')
      return [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(({ 1: target = '', index }) => ({
        file,
        line: text.slice(0, index).split('\n').length,
        target: target.replaceAll('&amp;', '&'),
      }))
    })
  : [
      ...filesOf('.md').flatMap((file) => linksOf(file, readFileSync(file, 'utf8'))),
      ...(existsSync(join(root, 'src')) ? filesOf('.ts', join(root, 'src')).flatMap(commentLinksOf) : []),
    ]

const faults = new Set(
  links.flatMap((link) => {
    const fault = faultOf(link)
    return fault === null ? [] : [`${relative(root, link.file)}:${link.line}: ${link.target} ${fault}`]
  }),
)
for (const fault of faults) console.error(fault)
const files = new Set(links.map(({ file }) => file)).size
console.log(`${links.length} links in ${files} files, ${faults.size} broken`)
// A place without any link is the wrong place.
if (faults.size > 0 || links.length === 0) process.exitCode = 1
