/**
 * A document with what it repeats of files as they are now: under `<!-- from: path#region -->` a fence holds what stands
 * between `// #region name` and `// #endregion` there, moved to the margin; without a region, the whole file.
 */
export function withInclusions(markdown: string, read: (path: string) => string): string {
  const made = markdown.replace(
    /^<!-- from: ([^\s#]+)(?:#(\S+))? -->\n```(\S+)\n(?:[\s\S]*?\n)??```$/gm,
    (_, path: string, region: string | undefined, language: string) => {
      const text = region === undefined ? read(path).trimEnd() : regionOf(read(path), path, region)
      const name = region === undefined ? path : `${path}#${region}`
      return `<!-- from: ${name} -->\n\`\`\`${language}\n${text}\n\`\`\``
    },
  )
  const alone = /^<!-- from: .*-->\n(?!```\S)/m.exec(made)
  if (alone !== null) throw new Error(`${alone[0].trim()} is above no fence`)
  return made
}

function regionOf(text: string, path: string, region: string): string {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const end = lines.findIndex((line, at) => at > start && line.trim() === '// #endregion')
  if (start < 0 || end < 0) throw new Error(`${path} has no region ${region}`)
  const indent = /^ */.exec(lines[start] ?? '')?.[0].length ?? 0
  return lines
    .slice(start + 1, end)
    .map((line) => line.slice(indent))
    .join('\n')
}
