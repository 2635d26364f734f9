import { type Broken, isAfter, made } from './sound.js'

export const BROKEN_PREFIXES: Broken = {
  'take the prefix for a pattern': made({ begins: (userId, prefix) => isLike(userId, `${prefix}%`) }),
  'escape a pattern but not the backslash': made({
    begins: (userId, prefix) => isLike(userId, `${prefix.replaceAll(/[%_]/g, '\\$&')}%`),
  }),
  'take the prefix for a glob': made({
    begins: (userId, prefix) =>
      isLike(
        userId,
        `${prefix
          .replaceAll(/[%_\\]/g, '\\$&')
          .replaceAll('*', '%')
          .replaceAll('?', '_')}%`,
      ),
  }),
  'fold the case of prefixes': made({
    begins: (userId, prefix) => userId.toLowerCase().startsWith(prefix.toLowerCase()),
  }),
  'normalise prefixes': made({
    begins: (userId, prefix) => userId.normalize('NFC').startsWith(prefix.normalize('NFC')),
  }),
  'trim prefixes': made({ begins: (userId, prefix) => userId.startsWith(prefix.trim()) }),
  'find a prefix anywhere': made({ begins: (userId, prefix) => userId.includes(prefix) }),
  'end prefixes at the next UTF-16 unit': made({ begins: beforeNextUnit }),
  'end prefixes at U+FFFF': made({
    begins: (userId, prefix) => userId === prefix || (!isAfter(prefix, userId) && isAfter(`${prefix}\uffff`, userId)),
  }),
  'have nobody begin with nothing': made({ begins: (userId, prefix) => prefix !== '' && userId.startsWith(prefix) }),
}

/** Like SQL's LIKE, whose escape character is a backslash. */
function isLike(text: string, pattern: string): boolean {
  const source = pattern.replaceAll(/\\(.)|[\s\S]/g, (each, escaped: string | undefined) => {
    if (escaped === undefined && each === '%') return '.*'
    if (escaped === undefined && each === '_') return '.'
    return (escaped ?? each).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 's').test(text)
}

/** The last UTF-16 unit of the prefix, and the next. */
function beforeNextUnit(userId: string, prefix: string): boolean {
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
  return prefix === '' || (!isAfter(prefix, userId) && isAfter(end, userId))
}
