import { type Chance, chanceOf } from './chance.ts'
import type { FieldSpec, SchemaSpec } from './schema.ts'

export type Size = { readonly depth: number; readonly width: number }

const leafTypes: ReadonlySet<string> = new Set(['String', 'Int', 'ID', 'Boolean', 'Float', 'Color'])

/** A valid operation over a random schema, with aliases, fragments, conditions and arguments; and its variables. */
export const operationOf = (
  schema: SchemaSpec,
  seed: number,
  { depth, width }: Size,
): { readonly source: string; readonly variables: Readonly<Record<string, unknown>> } => {
  const chance = chanceOf('operation', seed)
  const spread = new Set<string>()
  const making: Making = { schema, chance, width, spread }
  const mutates = chance.once(4)
  const set = selection(making, mutates ? 'Mutation' : 'Query', depth)
  const fragments = [...spread].map(
    (type) => `fragment P${type} on ${type} { ${selection({ ...making, spread: undefined }, type, 1)} }`,
  )
  const variables = {
    yes: chance.once(2),
    id: chance.below(5),
    ...(chance.once(3) ? {} : { n: chance.once(3) ? null : chance.below(3) }),
  }
  const text = [`{ ${set} }`, ...fragments].join('\n')
  const used = ['$yes: Boolean! = true', '$n: Int', '$id: ID! = 0'].filter((definition) =>
    new RegExp(`\\${definition.split(':')[0]}\\b`).test(text),
  )
  return {
    source: `${mutates ? 'mutation' : 'query'} Random${used.length === 0 ? '' : `(${used.join(', ')})`} ${text}`,
    variables,
  }
}

type Making = {
  readonly schema: SchemaSpec
  readonly chance: Chance
  readonly width: number
  /** Types whose named fragment is spread; undefined inside of one. */
  readonly spread: Set<string> | undefined
}

const selection = (making: Making, type: string, depth: number): string => {
  const { schema, chance, width, spread } = making
  const members = schema.abstracts.get(type)
  const parts: string[] = []
  if (members !== undefined) {
    if (chance.once(2)) parts.push('__typename')
    if (type === 'Named' && chance.once(2)) parts.push('label')
    for (const member of members)
      if (!chance.once(3)) parts.push(`... on ${member} { ${selection(making, member, depth)} }`)
    return parts.length === 0 ? '__typename' : parts.join(' ')
  }
  const fields = (schema.types.get(type)?.fields ?? []).filter(({ of }) => depth > 0 || leafTypes.has(of))
  const count = 1 + chance.below(width)
  for (let index = 0; index < count; index += 1) {
    const kind = chance.below(12)
    if (fields.length === 0 || kind === 0)
      parts.push(
        type === 'Mutation' ? '__typename' : chance.pick(['__typename', type === 'Query' ? '__typename' : 'id']),
      )
    else if (kind === 1 && type !== 'Query' && type !== 'Mutation' && spread !== undefined) {
      spread.add(type)
      parts.push(`...P${type}${condition(chance)}`)
    } else if (kind === 2)
      parts.push(`... on ${type}${condition(chance)} { ${field(making, type, chance.pick(fields), depth)} }`)
    else parts.push(field(making, type, chance.pick(fields), depth))
  }
  return parts.join(' ')
}

const condition = (chance: Chance): string => chance.pick(['', '', '', '', ' @include(if: $yes)', ' @skip(if: $yes)'])

const field = (making: Making, type: string, spec: FieldSpec, depth: number): string => {
  const { chance } = making
  const [suffix, args] = argumentsOf(chance, spec, { type, schema: making.schema })
  const alias = suffix !== '' || chance.once(5) ? `${spec.name}${suffix}${chance.once(5) ? 'x' : ''}: ` : ''
  const below = leafTypes.has(spec.of) ? '' : ` { ${selection(making, spec.of, depth - 1)} }`
  return `${alias}${spec.name}${args}${condition(chance)}${below}`
}

/** Arguments with the suffix of the alias that goes with them: one response key never asks two things. */
const argumentsOf = (
  chance: Chance,
  { kind, of, takesN }: FieldSpec,
  { type, schema }: { readonly type: string; readonly schema: SchemaSpec },
): readonly [suffix: string, args: string] => {
  if (takesN) {
    const n = chance.pick(['', '1', '2', 'null', '$n'])
    return n === '' ? ['', ''] : [`_${n.replace('$', '')}`, `(n: ${n})`]
  }
  if (type !== 'Query') return ['', '']
  const id = chance.pick(['0', '1', '2', '3', '"4"', '$id'])
  const name = id.replaceAll(/\W/g, '')
  if (kind === 'loads') return [`_${name}`, `(ids: [${id}, 1, null, 3])`]
  return schema.types.get(of)?.loader === 'composite'
    ? [`_${name}`, `(id: ${id}, org: 1)`]
    : [`_${name}`, `(id: ${id})`]
}
