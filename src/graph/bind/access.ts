import { type ASTNode, type GraphQLInputType, getNamedType, isInputObjectType } from 'graphql'
import { type AccessRule, type Alternatives, accessRule, type WrittenRule } from '../../kernel/access.ts'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { isRawNumber, type Json } from '../../kernel/json.ts'
import type { Directive } from '../directives.ts'
import { type BindContext, report } from './context.ts'

/** What `match` may compare: arguments of a field, or variables of an operation. */
type Argument = { readonly name: string; readonly type: GraphQLInputType }

type Guarded = {
  readonly coordinate: string
  /** Of a field. */
  readonly args?: readonly Argument[]
}

/** The `@auth` of a schema as a rule. What cannot be compared is reported. */
export const bindAccess = (
  context: BindContext,
  directive: Directive | undefined,
  { coordinate, args }: Guarded,
): AccessRule | undefined =>
  directive &&
  readAccess(directive, args, (node, message) => report(context, node, coordinate, { code: 'PORTICO-104', message }))

/** An `@auth` directive as a rule. `tell` gets what cannot be compared. */
export const readAccess = (
  directive: Directive,
  args: readonly Argument[] | undefined,
  tell: (node: ASTNode, message: string) => void,
): AccessRule => {
  const given = directive.args
  const wrong = (argument: string, message: string): void => tell(directive.nodes[argument] ?? directive.node, message)
  const { claims = {}, match = {} } = given as { readonly claims?: Json; readonly match?: Json }
  if (!isObject(claims) || !Object.values(claims).every(isComparable))
    wrong('claims', 'claims: give values of claims by name, such as { tenant: "acme", level: [2, 3] }.')
  const matches = isObject(match) ? matchesOf(match, []) : undefined
  if (matches === undefined)
    wrong('match', 'match: give what has to equal arguments, such as { tenant: "claims.tenant" } or { id: "subject" }.')
  else if (args === undefined && matches.length > 0) wrong('match', 'match: only a field has arguments to match.')
  for (const { said } of args === undefined ? [] : (matches ?? [])) {
    const mistake = argumentMistake(args ?? [], said)
    if (mistake !== undefined) wrong('match', mistake)
  }
  const words = (name: string): Alternatives => (given[name] as Alternatives | undefined) ?? []
  return accessRule({
    public: given['public'] === true,
    providers: words('providers'),
    scopes: words('scopes'),
    roles: words('roles'),
    groups: words('groups'),
    claims: isObject(claims) ? claims : {},
    match: matches ?? [],
  })
}

type Matches = NonNullable<WrittenRule['match']>

/** `{ filter: { tenant: "claims.org" } }` as paths; undefined where a value says nothing of the caller. */
const matchesOf = (written: { readonly [name: string]: Json }, path: readonly string[]): Matches | undefined => {
  const found: Matches[number][] = []
  for (const [name, value] of Object.entries(written)) {
    const said = [...path, name]
    const below = typeof value === 'string' ? direct(value, said) : isObject(value) ? matchesOf(value, said) : undefined
    if (below === undefined) return undefined
    found.push(...below)
  }
  return found
}

const direct = (equals: string, said: readonly string[]): Matches | undefined =>
  /^(?:subject|claims(?:\.[^.\s]+)+)$/.test(equals) ? [{ said, equals }] : undefined

const argumentMistake = (args: readonly Argument[], [first = '', ...more]: readonly string[]): string | undefined => {
  const found = args.find(({ name }) => name === first)
  if (found === undefined)
    return `match: there is no argument ${first}.${didYouMean(
      first,
      args.map(({ name }) => name),
    )}`
  let type = getNamedType(found.type)
  for (const name of more) {
    const field = isInputObjectType(type) ? type.getFields()[name] : undefined
    if (field === undefined) return `match: ${type.name} has no member ${name}.`
    type = getNamedType(field.type)
  }
  return isInputObjectType(type) ? `match: ${type.name} is an input; name the member that has to be equal.` : undefined
}

const isObject = (value: Json): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value)

const isComparable = (value: Json): boolean =>
  Array.isArray(value)
    ? value.length > 0 && value.every((one) => !Array.isArray(one) && isComparable(one))
    : !isObject(value)
