import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'

/** One change to a YAML file. Paths hold keys and indexes; mappings that are missing on the way are made. */
export type YamlEdit =
  /** Sets a value, in the place of the old one or behind its siblings. */
  | { readonly set: YamlPath; readonly to: unknown }
  /** Adds an item to a list; a single value becomes a list of two. */
  | { readonly append: YamlPath; readonly item: unknown }
  /** Takes a setting out of its mapping, with the lines it stands on. */
  | { readonly remove: YamlPath }

export type YamlPath = readonly (string | number)[]

/**
 * The text with the edits made and everything else as it was: comments, order, blank lines, quotes, columns. Undefined
 * where an edit meets what it cannot edit by text, an alias for one.
 */
export const editYaml = (text: string, edits: readonly YamlEdit[]): string | undefined => {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  let edited: string | undefined = text.replaceAll('\r\n', '\n')
  for (const edit of edits) edited = edited === undefined ? undefined : applied(edited, edit)
  return edited?.replaceAll('\n', eol)
}

const applied = (text: string, edit: YamlEdit): string | undefined => {
  if ('set' in edit) return set(text, edit.set, edit.to)
  return 'append' in edit ? append(text, edit.append, edit.item) : remove(text, edit.remove)
}

type Parsed = { readonly text: string; readonly document: Document }

const parsed = (text: string): Parsed => ({ text, document: parseDocument(text) })

/** What stands at a path; `alias` where the way leads through one. */
const at = ({ document }: Parsed, path: YamlPath): Node | 'alias' | undefined => {
  let node: unknown = document.contents
  for (const key of path) {
    if (isAlias(node)) return 'alias'
    node = isCollection(node) ? node.get(key, true) : undefined
  }
  return isAlias(node) ? 'alias' : ((node ?? undefined) as Node | undefined)
}

/** Of `key:` with nothing behind it there is a value too, without a text. */
const isNothing = (node: Node | undefined): boolean =>
  node === undefined || (isScalar(node) && node.value === null && (node.source ?? '') === '')

const set = (text: string, path: YamlPath, value: unknown): string | undefined => {
  const file = parsed(text)
  const node = at(file, path)
  if (node === 'alias') return undefined
  if (path.length === 0) return isNothing(node) ? behindHead(text, block(file, value)) : undefined
  const parent = at(file, path.slice(0, -1))
  if (node !== undefined && !isNothing(node))
    return replaced(file, node, inline(value, isCollection(parent) && parent.flow === true))
  const key = path.at(-1)
  if (parent === 'alias') return undefined
  if (isMap(parent))
    return isNothing(node) && parent.has(key)
      ? filled(file, { parent, key, value })
      : added(file, parent, { [String(key)]: value })
  return isNothing(parent) ? set(text, path.slice(0, -1), { [String(key)]: value }) : undefined
}

const append = (text: string, path: YamlPath, item: unknown): string | undefined => {
  const file = parsed(text)
  const node = at(file, path)
  if (node === 'alias') return undefined
  if (isSeq(node)) return added(file, node, [item])
  if (isNothing(node)) return set(text, path, [item])
  return isScalar(node) ? replaced(file, node, flow([node.value, item])) : undefined
}

const remove = (text: string, path: YamlPath): string | undefined => {
  const file = parsed(text)
  const parent = at(file, path.slice(0, -1))
  if (!isMap(parent)) return parent === 'alias' ? undefined : text
  const index = parent.items.findIndex(({ key }) => isScalar(key) && key.value === path.at(-1))
  const pair = parent.items[index]
  if (pair === undefined) return text
  const from = start(pair.key as Node)
  const to = isNothing(pair.value as Node) ? text.indexOf(':', from) + 1 : contentEnd(file, pair.value as Node)
  if (parent.flow !== true) return text.slice(0, lineStart(text, from)) + text.slice(lineEnd(text, to))
  const next = parent.items[index + 1]
  if (next !== undefined) return text.slice(0, from) + text.slice(start(next.key as Node))
  const before = text.slice(0, from).trimEnd()
  return before.replace(/,$/, '') + text.slice(to)
}

const start = (node: Node): number => node.range?.[0] ?? 0

const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1

/** Behind the line's own end, or at the end of the text. */
const lineEnd = (text: string, offset: number): number => {
  const end = text.indexOf('\n', offset)
  return end < 0 ? text.length : end + 1
}

const columnOf = (text: string, offset: number): number => offset - lineStart(text, offset)

/** Where a value's last character stands, comments and blank lines behind it left out. */
const contentEnd = ({ text }: Parsed, node: Node): number => {
  let last: Node = node
  while (isCollection(last) && last.flow !== true) {
    const item: unknown = last.items.at(-1)
    const inner = isMap(last) ? (item as { value: unknown; key: unknown } | undefined) : undefined
    const next = (inner === undefined ? item : isNothing(inner.value as Node) ? inner.key : inner.value) as
      | Node
      | undefined
    if (next === undefined) break
    last = next
  }
  const end = last.range?.[1] ?? 0
  return start(last) + text.slice(start(last), end).trimEnd().length
}

/** How the file indents what lies inside of something. */
const stepOf = ({ text }: Parsed): number => /^( +)[^\s#-]/m.exec(text)?.[1]?.length ?? 2

const block = (file: Parsed, value: unknown): string => stringify(value, { lineWidth: 0, indent: stepOf(file) })

const flow = (value: unknown): string =>
  stringify(value, { lineWidth: 0, collectionStyle: 'flow' })
    .trimEnd()
    .replace(/^\[ (.*) \]$/s, '[$1]')

/** A value beside its key: in braces, or as a bare word where no braces are around it. */
const inline = (value: unknown, inFlow: boolean): string =>
  inFlow || typeof value === 'object' ? flow(value) : stringify(value, { lineWidth: 0 }).trimEnd()

const indented = (lines: string, column: number): string => lines.replaceAll(/^(?=.)/gm, ' '.repeat(column))

const behindHead = (text: string, lines: string): string =>
  text === '' || text.endsWith('\n') ? text + lines : `${text}\n${lines}`

const replaced = ({ text }: Parsed, node: Node, written: string): string => {
  const from = start(node)
  return text.slice(0, from) + written + text.slice(from + text.slice(from, node.range?.[1]).trimEnd().length)
}

/** Puts a value behind a key that has none. */
const filled = (
  file: Parsed,
  { parent, key, value }: { readonly parent: YAMLMap; readonly key: unknown; readonly value: unknown },
): string => {
  const { text } = file
  const pair = parent.items.find((one) => isScalar(one.key) && one.key.value === key)
  const from = start(pair?.key as Node)
  if (typeof value !== 'object' || value === null || parent.flow === true) {
    const colon = text.indexOf(':', from) + 1
    return `${text.slice(0, colon)} ${inline(value, parent.flow === true)}${text.slice(colon)}`
  }
  const end = lineEnd(text, from)
  const head = text.slice(0, end)
  const lines = indented(block(file, value), columnOf(text, from) + stepOf(file))
  return `${head.endsWith('\n') ? head : `${head}\n`}${lines}${text.slice(end)}`
}

/** Adds a key or an item behind those there are. */
const added = (file: Parsed, parent: YAMLMap | YAMLSeq, entry: unknown): string => {
  const { text } = file
  const from = start(parent)
  if (parent.flow === true && parent.items.length > 0) {
    const before = text.slice(0, (parent.range?.[1] ?? 0) - 1).trimEnd()
    const inner = flow(entry).slice(1, -1).trim()
    const space = text.slice(before.length, (parent.range?.[1] ?? 0) - 1)
    return `${before.replace(/,$/, '')}, ${inner}${space}${text.slice((parent.range?.[1] ?? 0) - 1)}`
  }
  if (parent.flow === true) {
    // `services: {}` becomes a block below its key, behind what the line says beside it.
    const owner = lineStart(text, from)
    const without = `${text.slice(0, from).trimEnd()}${text.slice(parent.range?.[1] ?? 0)}`
    const end = lineEnd(without, owner)
    const head = without.slice(0, end)
    const column = /^ */.exec(without.slice(owner))?.[0].length ?? 0
    const lines = indented(block(file, entry), column + stepOf(file))
    return `${head.endsWith('\n') ? head : `${head}\n`}${lines}${without.slice(end)}`
  }
  const column = columnOf(text, from)
  const end = behindComments(text, lineEnd(text, contentEnd(file, parent)), column)
  const head = text.slice(0, end)
  const spaced = column === 0 && /\n\n/.test(text) ? '\n' : ''
  return `${head.endsWith('\n') ? head : `${head}\n`}${spaced}${indented(block(file, entry), column)}${text.slice(end)}`
}

/** Behind the comments that still belong to what ends at an offset: those that stand as far in. */
const behindComments = (text: string, offset: number, column: number): number => {
  let end = offset
  for (let next = offset; next < text.length; ) {
    const line = text.slice(next, lineEnd(text, next))
    const indent = /^ */.exec(line)?.[0].length ?? 0
    const blank = line.trim() === ''
    if (!blank && !(line.trim().startsWith('#') && indent >= column)) break
    next += line.length
    if (!blank) end = next
  }
  return end
}
