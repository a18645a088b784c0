import {
  type ASTNode,
  GraphQLID,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isObjectType,
} from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { directiveOf } from '../directives.ts'
import { rootKind } from '../roots.ts'
import { type Expression, type InputMap, mapExpressions, type Template } from '../template.ts'
import { parseTemplate } from '../template-syntax.ts'
import { type BindContext, misspelt, type Owner, readPathOf, report } from './context.ts'

/** A template with every placeholder checked against the schema and tied to raw upstream paths; undefined when it is wrong. */
export const bindTemplate = (
  context: BindContext,
  { text, owner, node }: { text: string; owner: Owner; node: ASTNode },
): Template | undefined => {
  const template = parseTemplate(text)
  if (typeof template === 'string')
    return report(context, node, owner.coordinate, { code: 'PORTICO-506', message: template })
  let sound = true
  const bound = mapExpressions(template, (expression) => {
    const result = bindExpression(context, expression, owner)
    if (typeof result !== 'string' && !('message' in result)) return result
    sound = false
    const { message, name = '', candidates = [] } = typeof result === 'string' ? { message: result } : result
    const written = expression.path.slice(0, expression.path.indexOf(name))
    const before = [expression.root, ...written, ''].join('.')
    const mend = misspelt(node, name, { candidates, before })
    report(context, node, owner.coordinate, { code: 'PORTICO-501', message, mend })
    return expression
  })
  return sound ? bound : undefined
}

/** A name of a placeholder that there is not. */
type Unknown = { readonly message: string; readonly name?: string; readonly candidates?: readonly string[] }

const unknown = (
  of: string,
  name: string,
  { text, candidates }: Pick<Expression, 'text'> & { readonly candidates: readonly string[] },
): Unknown => ({
  message: `${of} ${name}, which {${text}} reads.${didYouMean(name, candidates)}`,
  name,
  candidates,
})

/** The placeholder tied to what it names, or what is wrong with it. */
const bindExpression = (
  { schema }: BindContext,
  expression: Expression,
  owner: Owner,
): Expression | Unknown | string => {
  switch (expression.root) {
    case 'args':
      return owner.field === undefined
        ? `{${expression.text}} reads an argument, but a loader has none; it may use {keys.…}, {claims.…} and {header.…}.`
        : bindArgument(expression, owner)
    case 'this':
      return owner.field === undefined
        ? `{${expression.text}} reads a parent, but a loader has none; it may use {keys.…}, {claims.…} and {header.…}.`
        : rootKind(schema, owner.type) !== undefined
          ? `{${expression.text}} reads a parent, but a root field has none; it may use {args.…}, {claims.…} and {header.…}.`
          : bindThis(expression, owner.type)
    case 'header':
      return { ...expression, path: [expression.path.join('.').toLowerCase()] }
    default:
      return expression
  }
}

const bindThis = (expression: Expression, type: GraphQLObjectType): Expression | Unknown | string => {
  const path: string[] = []
  let at: GraphQLObjectType = type
  let asId = false
  for (const [index, name] of expression.path.entries()) {
    const field = at.getFields()[name]
    if (field === undefined)
      return unknown(`${at.name} has no field`, name, {
        text: expression.text,
        candidates: Object.keys(at.getFields()),
      })
    const read = readPathOf(field)
    if (read === undefined)
      return `{${expression.text}} reads ${at.name}.${name}, which has a source of its own; placeholders read plain fields of the same object.`
    path.push(...read)
    const named = getNamedType(field.type)
    asId = named === GraphQLID
    if (index === expression.path.length - 1) break
    if (!isObjectType(named)) return `{${expression.text}} goes below ${at.name}.${name}, which is no object.`
    at = named
  }
  return { ...expression, path, asId, field: expression.path[0] ?? '' }
}

const bindArgument = (expression: Expression, { field, coordinate }: Owner): Expression | Unknown | string => {
  const { text } = expression
  const [first = '', ...rest] = expression.path
  const argument = field?.args.find(({ name }) => name === first)
  if (argument === undefined)
    return unknown(`${coordinate} has no argument`, first, {
      text,
      candidates: field?.args.map(({ name }) => name) ?? [],
    })
  let type: GraphQLInputType = argument.type
  let from = directiveOf('from', argument.astNode)
  for (const name of rest) {
    const named: GraphQLInputType = getNullableType(type)
    if (!isInputObjectType(named)) return `{${expression.text}} goes below ${first}, which is no input object.`
    const inner = named.getFields()[name]
    if (inner === undefined)
      return unknown(`${named.name} has no field`, name, { text, candidates: Object.keys(named.getFields()) })
    type = inner.type
    from = directiveOf('from', inner.astNode)
  }
  const input = from?.args['map'] === true ? mapOfEntries(type, new Map()) : inputMapOf(type)
  return input === undefined ? expression : { ...expression, input }
}

/** How values of an input type are spelt upstream; undefined for scalars. Recursive input types make recursive maps. */
const inputMapOf = (type: GraphQLInputType, made = new Map<string, InputMap>()): InputMap | undefined => {
  const nullable = getNullableType(type)
  if (isListType(nullable)) {
    const of = inputMapOf(nullable.ofType, made)
    return of && { kind: 'list', of }
  }
  if (isEnumType(nullable)) {
    const spelt = nullable
      .getValues()
      .map((value) => [value.name, spellingsOf(value).find((text) => text !== '*') ?? value.name])
    return { kind: 'enum', values: Object.fromEntries(spelt) }
  }
  if (!isInputObjectType(nullable)) return undefined
  const known = made.get(nullable.name)
  if (known !== undefined) return known
  const fields: Record<string, { to: string; map?: InputMap; spread?: boolean }> = {}
  made.set(nullable.name, { kind: 'object', fields })
  for (const field of Object.values(nullable.getFields())) {
    const { path, oneof, map: isMap } = directiveOf('from', field.astNode)?.args ?? {}
    const map = isMap === true ? mapOfEntries(field.type, made) : inputMapOf(field.type, made)
    fields[field.name] = {
      to: typeof path === 'string' ? path : field.name,
      ...(map && { map }),
      ...(oneof === undefined ? {} : { spread: true }),
    }
  }
  return { kind: 'object', fields }
}

/** A list of entries as the map it stands for. */
const mapOfEntries = (type: GraphQLInputType, made: Map<string, InputMap>): InputMap => {
  const entry = getNamedType(type)
  const value = isInputObjectType(entry) ? entry.getFields()['value'] : undefined
  const of = value && inputMapOf(value.type, made)
  return { kind: 'map', ...(of && { of }) }
}

/** What services write for an enum value: `@from(enum: […])`, or its own name. */
export const spellingsOf = (value: { readonly name: string; readonly astNode?: unknown }): readonly string[] => {
  const spelt = directiveOf('from', value.astNode as Parameters<typeof directiveOf>[1])?.args['enum']
  return Array.isArray(spelt) ? (spelt as string[]) : [value.name]
}
