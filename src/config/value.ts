import { resolve } from 'node:path'
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml'
import type { Code } from '../kernel/codes/codes.ts'
import { readText } from '../kernel/snapshot.ts'
import { type Environment, interpolate } from './interpolate.ts'
import { isSecret, keyText, startOfNode } from './places.ts'
import { type Planned, plannedAt } from './planned.ts'
import { below, keysOf, kindsOf, type Path, type Schema } from './shape.ts'

/** Something wrong with one setting, at a character offset. */
export type Mistake = {
  readonly code: Code
  readonly path: Path
  readonly offset: number
  readonly message: string
}

/** What is known of a file while its nodes become values. */
export type Reading = {
  readonly env: Environment
  readonly workspaceDir: string
  readonly planned: Planned
  /** Unquoted `${…}` by offset, with their messages; those that were met are taken out. */
  readonly repaired: Map<number, string>
  readonly mistakes: Mistake[]
  /** Settings that are reported already: what the shape says of them, or below them, is no news. */
  readonly broken: Path[]
  /** Mappings that lost a planned key: what the shape misses in them may be its consequence. */
  readonly reduced: Path[]
  /** Files that secrets are read from, as they are named. */
  readonly files: Set<string>
  /** Settings whose text holds a variable's value. */
  readonly fromEnvironment: Set<string>
  readonly anchors: Map<string, Node>
  /** Aliases being followed, and the nodes seen behind aliases so far. */
  readonly following: Set<Node>
  behindAliases: number
}

type Spot = { readonly path: Path; readonly schemas: readonly Schema[] }

/** A path as a key of sets and maps. */
export const pathKey = (path: Path): string => path.join('\u0000')

const deepest = 64
const mostBehindAliases = 10_000

const report = (reading: Reading, node: unknown, mistake: Omit<Mistake, 'offset'>): void => {
  reading.mistakes.push({ ...mistake, offset: startOfNode(node) ?? 0 })
}

/** The value is a stand-in from here on, so that everything else is still checked. */
const breakAt = (reading: Reading, node: unknown, mistake: Omit<Mistake, 'offset'>): void => {
  report(reading, node, mistake)
  reading.broken.push(mistake.path)
}

/** A YAML node as plain data, with variables and files put in, and texts from variables typed as their place asks. */
export const valueOf = (node: unknown, spot: Spot, reading: Reading): unknown => {
  const { path } = spot
  if (reading.following.size > 0) reading.behindAliases += 1
  if (path.length > deepest) {
    breakAt(reading, node, { code: 'PORTICO-002', path, message: `Settings nest ${deepest} levels at most.` })
    return null
  }
  if (isAlias(node)) return aliased(node, spot, reading)
  if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined && reading.following.size === 0)
    reading.anchors.set(node.anchor, node)
  if (isMap(node)) return mapping(node, spot, reading)
  if (isSeq(node)) {
    // The same for every item.
    const schemas = below(spot.schemas, 0)
    return node.items.map((item, index) => valueOf(item, { path: [...path, index], schemas }, reading))
  }
  return isScalar(node) ? scalar(node, spot, reading) : null
}

const aliased = (node: Alias, spot: Spot, reading: Reading): unknown => {
  const { path } = spot
  const target = reading.anchors.get(node.source)
  const wrong =
    target === undefined
      ? `There is no anchor &${node.source} above.`
      : reading.following.has(target) || isInside(node, target)
        ? `*${node.source} stands inside its own anchor.`
        : reading.behindAliases > mostBehindAliases
          ? 'The aliases of this file multiply it past all measure. Write the settings out.'
          : undefined
  if (target === undefined || wrong !== undefined) {
    breakAt(reading, node, { code: 'PORTICO-007', path, message: wrong ?? '' })
    return null
  }
  reading.following.add(target)
  const value = valueOf(target, spot, reading)
  reading.following.delete(target)
  return value
}

const isInside = (node: Node, target: Node): boolean => {
  const [start, , end] = target.range ?? [0, 0, 0]
  const at = node.range?.[0] ?? -1
  return at >= start && at < end
}

const mapping = (node: YAMLMap, { path, schemas }: Spot, reading: Reading): Record<string, unknown> => {
  const value: Record<string, unknown> = {}
  const known = keysOf(schemas)
  for (const { key, value: child } of node.items) {
    const name = keyText(key)
    const wrong = takeRepaired(key, reading) === undefined ? wrongKey(name, value) : keysAreFixed
    if (name === undefined || wrong !== undefined) {
      const named = name === undefined || wrong === keysAreFixed ? path : [...path, name]
      report(reading, key ?? node, { code: 'PORTICO-008', path: named, message: wrong ?? '' })
      continue
    }
    const inner = [...path, name]
    const missing = known.has(name) ? undefined : plannedAt(reading.planned, inner)
    if (missing === undefined) {
      value[name] = valueOf(child, { path: inner, schemas: below(schemas, name) }, reading)
    } else {
      report(reading, key, {
        code: 'PORTICO-006',
        path: inner,
        message: `\`${name}\` is not built yet: this version has no ${missing}. Remove it.`,
      })
      reading.reduced.push(path)
    }
  }
  return value
}

const keysAreFixed = 'Variables stand in values, not in keys. Write the key out.'

const wrongKey = (name: string | undefined, siblings: Readonly<Record<string, unknown>>): string | undefined => {
  if (name === undefined) return 'A key is a plain word.'
  if (name === '__proto__') return 'Unknown key `__proto__`.'
  if (name.includes('${')) return keysAreFixed
  return Object.hasOwn(siblings, name) ? `\`${name}\` stands here twice. Keep one.` : undefined
}

const scalar = (node: Scalar, { path, schemas }: Spot, reading: Reading): unknown => {
  const value = plainValue(node)
  const unquoted = takeRepaired(node, reading)
  if (unquoted !== undefined) {
    breakAt(reading, node, { code: 'PORTICO-002', path, message: unquoted })
    return standIn(String(value), schemas)
  }
  if (typeof value !== 'string') return value
  const { text, fromEnvironment, mistakes } = interpolate(value, reading.env)
  for (const message of mistakes) breakAt(reading, node, { code: 'PORTICO-007', path, message })
  if (mistakes.length > 0) return standIn(value, schemas)
  if (fromEnvironment) reading.fromEnvironment.add(pathKey(path))
  if (isSecret(path) && text.startsWith('file:')) return secretFile(node, { path, named: text.slice(5) }, reading)
  return value.includes('${') ? typed(text, schemas) : text
}

const takeRepaired = (node: unknown, { repaired }: Reading): string | undefined => {
  const offset = startOfNode(node) ?? -1
  const message = repaired.get(offset)
  repaired.delete(offset)
  return message
}

/** YAML 1.1 directives make dates and bytes of scalars; a workspace has none, so they stay as written. */
const plainValue = ({ value, source }: Scalar): unknown =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : (source ?? '')

const kindsAt = (schemas: readonly Schema[]) => new Set(schemas.flatMap((schema) => [...kindsOf(schema)]))

/** A text made of variables becomes a number or boolean only where no text may stand: quotes must not matter to it. */
const typed = (text: string, schemas: readonly Schema[]): unknown => {
  const kinds = kindsAt(schemas)
  if (kinds.has('text')) return text
  if (kinds.has('number') && /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text)) return Number(text)
  return kinds.has('boolean') && (text === 'true' || text === 'false') ? text === 'true' : text
}

/** What stands in for a value that could not be made, so that checks over several keys see it as given. */
const standIn = (written: string, schemas: readonly Schema[]): unknown => {
  const kinds = kindsAt(schemas)
  if (kinds.has('text')) return written
  if (kinds.has('number')) return 1
  return kinds.has('boolean') ? true : written
}

const secretFile = (
  node: Scalar,
  { path, named }: { readonly path: Path; readonly named: string },
  reading: Reading,
): string => {
  reading.files.add(named)
  const shown = reading.fromEnvironment.has(pathKey(path)) ? 'the file that the environment names' : named
  try {
    const content = readText(resolve(reading.workspaceDir, named)).replace(/\r?\n$/, '')
    if (content === '') breakAt(reading, node, { code: 'PORTICO-007', path, message: `${shown} is empty.` })
    return content
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read${code === undefined ? '' : ` (${code})`}`
    breakAt(reading, node, {
      code: 'PORTICO-007',
      path,
      message: `${shown} ${why}. Paths after file: start at the workspace's folder, or with /.`,
    })
    return named
  }
}
