import { z } from 'zod'
import { alternatives, bare, defOf, isRequired, kindsOf, listed, membersOf, type Schema } from './shape.ts'
import { scalarName, writtenDefault } from './written.ts'

type Row = {
  /** `services.<name>.timeout`, `routes[].path`. */
  readonly path: string
  readonly type: string
  readonly required: boolean
  readonly standard: unknown
  readonly description: string
}

/**
 * The reference page of a workspace file, in Markdown: every key with its type, default and description, a
 * section for each top-level key, in the order of the shape.
 */
export const configReference = (shape: z.ZodType, title = 'portico.yaml'): string => {
  const sections = Object.entries(membersOf(bare(shape))).map(([key, schema]) => {
    const rows = rowsOf(key, schema)
    return [`## ${key}`, '', ...head, ...rows.map(line)].join('\n')
  })
  return [`# ${title}`, '', intro, '', sections.join('\n\n'), ''].join('\n')
}

const intro =
  'Unknown keys are errors. Durations and sizes carry their unit (`800ms`, `1MiB`). `${VAR}` and `${VAR:-default}` take values from the environment, quoted inside `{ }` and `[ ]`; `$${` is a literal `${`. Secrets (`secret`, `redis`) may be read from a file with `file:path`.'

const head = ['| key | type | default | what it is |', '|---|---|---|---|']

const line = ({ path, type, required, standard, description }: Row): string =>
  `| ${[code(path), type, required ? 'required' : standardWords(standard), description].map(cell).join(' | ')} |`

const code = (text: string): string => `\`${text}\``

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const standardWords = (value: unknown): string => {
  if (value === undefined) return ''
  if (Array.isArray(value)) return code(`[${value.map(String).join(', ')}]`)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? code(String(value)) : ''
}

const describe = (schema: Schema): string => {
  const told = z.globalRegistry.get(schema)?.description
  if (told !== undefined) return told
  const def = defOf(schema)
  return 'innerType' in def ? describe(def.innerType) : ''
}

/** A key and all below it. Variants of a union share the rows that are the same in each. */
const rowsOf = (path: string, schema: Schema): readonly Row[] => {
  const own: Row = {
    path,
    type: typeWords(schema),
    required: isRequired(schema),
    standard: writtenDefault(schema),
    description: describe(schema),
  }
  return [own, ...uniqueRows(alternatives(schema).flatMap((form) => rowsBelow(path, form)))]
}

const rowsBelow = (path: string, form: Schema): readonly Row[] => {
  const def = defOf(form)
  if (def.type === 'record') return alternativesBelow(`${path}.<name>`, def.valueType)
  if (def.type === 'array') return alternativesBelow(`${path}[]`, def.element)
  return Object.entries(membersOf(form)).flatMap(([key, member]) => rowsOf(`${path}.${key}`, member))
}

/** An entry of a list or of names has no row of its own: its keys have. */
const alternativesBelow = (path: string, schema: Schema): readonly Row[] =>
  alternatives(schema).flatMap((form) => rowsBelow(path, form))

/** One row for each path: where variants give a key different types, it has them all, and each one's words. */
const uniqueRows = (rows: readonly Row[]): readonly Row[] => {
  const unique = new Map<string, Row>()
  for (const row of rows) {
    const { path, type, description } = row
    const known = unique.get(path)
    // What may be one or a list of them is described as the list.
    const member = path.slice(path.lastIndexOf('.'))
    if (rows.some((other) => other.path === `${path.slice(0, -member.length)}[]${member}`)) continue
    unique.set(
      path,
      known === undefined || known.type === type
        ? row
        : { ...known, type: `${known.type} or ${type}`, description: `${known.description} ${description}`.trim() },
    )
  }
  return [...unique.values()]
}

/** A shape's type as the reference says it: `duration`, `list of text`, `forward or none`. */
const typeWords = (schema: Schema): string => {
  const forms = [...alternatives(schema)].sort((a, b) => Number(isList(a)) - Number(isList(b)))
  return listed([...new Set(forms.map(formWords))])
}

const isList = (form: Schema): boolean => defOf(form).type === 'array'

const formWords = (form: Schema): string => {
  const def = defOf(form)
  const name = scalarName(form)
  if (name !== undefined) return name
  switch (def.type) {
    case 'string':
      return 'text'
    case 'number':
      return 'check' in def ? 'whole number' : 'number'
    case 'boolean':
      return '`true` or `false`'
    case 'enum':
      return listed(Object.values(def.entries).map((value) => code(String(value))))
    case 'literal':
      return listed(def.values.map((value) => code(String(value))))
    case 'array':
      return kindsOf(def.element).has('mapping')
        ? 'list of mappings'
        : `list of ${typeWords(def.element)}${scalarName(def.element) === undefined ? '' : 's'}`
    case 'record':
      return 'mappings by name'
    case 'object':
      return 'mapping'
    default:
      return 'value'
  }
}
