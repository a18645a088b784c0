import type { Type } from 'protobufjs'
import type { ApiParameter } from '../../kernel/openapi.ts'
import { paragraphs } from '../../kernel/openapi-words.ts'
import { resolveFieldPath } from './fields.ts'
import { describedAs } from './openapi-comments.ts'
import type { MessageSchemas } from './openapi-schemas.ts'
import { withoutNull } from './openapi-values.ts'
import type { PathTemplate, TemplateSegment, TemplateVariable } from './template.ts'

/** A path template as OpenAPI writes it, with a parameter for each wildcard. */
export type DescribedPath = { readonly path: string; readonly parameters: readonly ApiParameter[] }

/**
 * OpenAPI's path parameters take one segment. A variable that is one wildcard keeps its name; of others each wildcard
 * becomes a parameter that is named by the literal before it: `{name=shelves/*}` is `shelves/{shelvesId}`.
 */
export const describePath = (template: PathTemplate, type: Type, schemas: MessageSchemas): DescribedPath => {
  const parameters: ApiParameter[] = []
  const taken = new Set<string>()
  const segments = template.segments.map((segment, index) => {
    if (segment.kind === 'literal') return segment.text
    const variable = template.variables.find(({ from, to }) => index >= from && index < to)
    const name = unique(nameFor(template, index, variable), taken)
    parameters.push({
      name,
      in: 'path',
      required: true,
      ...(variable === undefined
        ? { description: note(segment), schema: { type: 'string' } }
        : parameterOf({ template, segment, variable }, type, schemas)),
    })
    return `{${name}}`
  })
  return { path: `/${segments.join('/')}${template.verb === '' ? '' : `:${template.verb}`}`, parameters }
}

const isWhole = ({ from }: TemplateVariable, { segments }: PathTemplate, to: number): boolean =>
  Math.min(to, segments.length) - from === 1

const nameFor = (template: PathTemplate, index: number, variable: TemplateVariable | undefined): string => {
  if (variable !== undefined && isWhole(variable, template, variable.to)) return variable.path
  const before = template.segments[index - 1]
  const words = before?.kind === 'literal' ? before.text.replaceAll(/[^A-Za-z0-9_]/g, '_') : ''
  return words === '' ? (variable?.path ?? 'segment') : `${words}Id`
}

const unique = (name: string, taken: Set<string>): string => {
  let free = name
  for (let count = 2; taken.has(free); count += 1) free = `${name}${count}`
  taken.add(free)
  return free
}

type Wildcard = {
  readonly template: PathTemplate
  readonly segment: TemplateSegment
  readonly variable: TemplateVariable
}

const parameterOf = ({ template, segment, variable }: Wildcard, type: Type, schemas: MessageSchemas) => {
  const found = resolveFieldPath(type, variable.path)
  if (!('steps' in found)) throw new TypeError(`${type.fullName} has no field ${variable.path}.`) // the rule is compiled
  const comment = describedAs(found.field)
  if (isWhole(variable, template, variable.to)) {
    const schema = withoutNull(schemas.single(found.field))
    return { description: paragraphs(comment, note(segment)), schema }
  }
  const pattern = template.segments
    .slice(variable.from, variable.to)
    .map((part) => (part.kind === 'literal' ? part.text : part.kind === 'one' ? '*' : '**'))
    .join('/')
  const part = `A part of \`${variable.path}\`, which is \`${pattern}\`.`
  return { description: paragraphs(part, comment, note(segment)), schema: { type: 'string' } }
}

const note = ({ kind }: TemplateSegment): string | undefined =>
  kind === 'many'
    ? 'Takes all that is left of the path, slashes included; they are sent as they are, which OpenAPI cannot say.'
    : undefined
