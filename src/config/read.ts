import { z } from 'zod'
import type { Code } from '../kernel/codes/codes.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import { mendAt } from '../kernel/mend.ts'
import type { Environment } from './interpolate.ts'
import { mistakesOf, type ShapeMistake, valueAt } from './issues.ts'
import { coordinateOf, type Places, placesOf } from './places.ts'
import type { Planned } from './planned.ts'
import type { Path } from './shape.ts'
import { parseText } from './syntax.ts'
import { pathKey, type Reading, valueOf } from './value.ts'

export type ConfigSource<Shape extends z.ZodType> = {
  /** The file's name as messages show it. */
  readonly file: string
  readonly text: string
  readonly shape: Shape
  /** Variables for `${VAR}` and `${VAR:-default}`. */
  readonly env: Environment
  /** Where `file:` values of secrets start from. */
  readonly workspaceDir: string
  /** Settings that are known and not built. */
  readonly planned: Planned
}

export type ConfigReading<Value> = {
  /** Undefined where there is any mistake. */
  readonly value: Value | undefined
  /** Every mistake at once, in the order of their places. */
  readonly diagnostics: readonly Diagnostic[]
  readonly places: Places
  /** The files that secrets are read from, those that are not there too. */
  readonly files: readonly string[]
}

/** Reads a YAML file against a shape: its value, or every mistake in it with its exact place. Never throws. */
export const readConfig = <Shape extends z.ZodType>(source: ConfigSource<Shape>): ConfigReading<z.output<Shape>> => {
  const { file, text, shape, env, workspaceDir, planned } = source
  const { document, mistakes, repaired } = parseText(text)
  const places = placesOf(file, text, document)
  const inText = (offset: number, message: string) =>
    error({ code: 'PORTICO-002', place: places.offset(offset), path: [], message })
  const left = new Map(repaired)
  const unquoted = () => [...left].map(([offset, message]) => inText(offset, message))
  if (mistakes.length > 0) {
    const syntax = mistakes.map(({ offset, message }) => inText(offset, message))
    return { value: undefined, diagnostics: inOrder([...syntax, ...unquoted()]), places, files: [] }
  }

  const reading: Reading = {
    env,
    workspaceDir,
    planned,
    repaired: left,
    mistakes: [],
    broken: [],
    reduced: [],
    files: new Set(),
    fromEnvironment: new Set(),
    anchors: new Map(),
    following: new Set(),
    behindAliases: 0,
  }
  // An empty file is a mapping without keys: it misses what is required.
  const root = valueOf(document.contents, { path: [], schemas: [shape] }, reading) ?? {}
  const checked = z.safeParse(shape, root, { error: () => '' })
  const diagnostics = [
    ...unquoted(),
    ...reading.mistakes.map(({ offset, ...mistake }) => error({ place: places.offset(offset), ...mistake })),
    ...shapeMistakes(checked.error?.issues ?? [], { root, shape, reading }).map(
      ({ code, path, place, part, message, meant, certain }) => ({
        ...error({ code, place: places.at(place, part), path, message }),
        ...(certain === true && meant !== undefined && valueAt(root, meant) === undefined
          ? { mend: mendAt(places.at(path, 'key'), String(path.at(-1)), String(meant.at(-1))) }
          : {}),
      }),
    ),
  ]
  return {
    value: diagnostics.length === 0 ? checked.data : undefined,
    diagnostics: inOrder(diagnostics),
    places,
    files: [...reading.files],
  }
}

const error = ({
  code,
  place,
  path,
  message,
}: {
  readonly code: Code
  readonly place: Diagnostic['place']
  readonly path: Path
  readonly message: string
}): Diagnostic => ({ severity: 'error', code, place, coordinate: coordinateOf(path), message })

const startsWith = (path: Path, start: Path): boolean => start.every((segment, index) => path[index] === segment)

type Checked = { readonly root: unknown; readonly shape: z.ZodType; readonly reading: Reading }

const shapeMistakes = (
  issues: readonly z.core.$ZodIssue[],
  { root, shape, reading }: Checked,
): readonly ShapeMistake[] => {
  const ground = {
    root,
    base: [],
    schema: shape,
    fromEnvironment: (path: Path) => reading.fromEnvironment.has(pathKey(path)),
  }
  // What a mapping lacks may be a consequence of what was taken from it; the top has nothing to do with `tracing`.
  const reduced = new Set(reading.reduced.filter(({ length }) => length > 0).map(pathKey))
  const found = issues
    .flatMap((issue) => mistakesOf(issue, ground))
    .filter(({ path }) => !reading.broken.some((broken) => startsWith(path, broken)))
    .filter(({ place }) => !reduced.has(pathKey(place)))
  // A misspelt key is one mistake: that the right one is missing goes without saying.
  const meant = new Set(found.flatMap((mistake) => (mistake.meant === undefined ? [] : [pathKey(mistake.meant)])))
  return found.filter(({ path }) => !meant.has(pathKey(path)))
}

/** By place; one of several with the same words there, as where an alias repeats a setting. */
const inOrder = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] => {
  const once = new Map(
    diagnostics.map((item) => [`${item.place.line}:${item.place.column}:${item.message}`, item] as const),
  )
  return [...once.values()].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
}
