import { type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql'
import type { Path } from '../../config/shape.ts'
import { placeOfNode } from '../../graph/bind/sdl.ts'
import { reachIn } from '../../graph/mask-reach.ts'
import { parsePath } from '../../kernel/mask/path.ts'
import { admitsStrangers, entriesOf, type Found, type Ground, type Rule } from './finding.ts'

/** Shields that are there and keep nothing out, and data without one. */
export const shieldRules: readonly Rule[] = [
  (ground) => placesOf(ground).flatMap(addresses),
  (ground) =>
    placesOf(ground).flatMap(({ path, settings }): Found[] =>
      settings.securityHeaders === false
        ? [
            {
              code: 'PORTICO-762',
              path: [...path, 'securityHeaders'],
              message:
                'Browsers are told nothing of what they may do with answers: name the one header that is in the way.',
            },
          ]
        : [],
    ),
  (ground) => ground.plan.bffs.flatMap((bff) => shownFields(bff, ground)),
]

type Shielded = {
  readonly path: Path
  readonly settings: Pick<Ground['config'], 'ipRules' | 'securityHeaders'>
}

/** The gateway itself, then each BFF and route. */
const placesOf = (ground: Ground): readonly Shielded[] => [
  { path: [], settings: ground.config },
  ...Object.entries(ground.config.bffs).map(([name, settings]) => ({ path: ['bffs', name], settings })),
  ...ground.config.routes.map((settings, index) => ({ path: ['routes', index], settings })),
]

/** Wider ranges than that are nobody's. */
const leastBits = 8

const addresses = ({ path, settings: { ipRules } }: Shielded): readonly Found[] => {
  if (ipRules === undefined) return []
  const { allow } = ipRules
  if (allow === undefined)
    return [
      {
        code: 'PORTICO-761',
        path: [...path, 'ipRules'],
        message:
          'Whoever is denied asks from another address: name those who may by `allow`, or count on no more than this.',
      },
    ]
  return allow.flatMap((range, index): Found[] => {
    const bits = range.split('/')[1]
    if (bits === undefined || Number(bits) >= leastBits) return []
    const message = `${range} lets most of the internet in: name the ranges that are meant, or remove \`allow\`.`
    return [{ code: 'PORTICO-760', path: [...path, 'ipRules', 'allow', index], message }]
  })
}

/** Names of what an answer has no business to hold, whoever asks. */
const hiddenName =
  /^(?:password|passwd|passwordHash|hashedPassword|pinCode|cvv|cvc|cvv2|cardNumber|creditCard|creditCardNumber|primaryAccountNumber|ssn|socialSecurityNumber|nationalId|passportNumber|privateKey|secretKey|clientSecret)$/i

/** Fields of such names that no rule of `mask` and no @auth is for, where strangers ask. */
const shownFields = ({ served: { name, graph } }: Ground['plan']['bffs'][number], ground: Ground): readonly Found[] => {
  const entry = entriesOf(ground).find((one) => one.path[0] === 'bffs' && one.name === name)
  if (entry === undefined || !admitsStrangers(entry)) return []
  const masked = maskedFields(graph.clientSchema, ground)
  return [...graph.fields.keys()].flatMap((coordinate): Found[] => {
    const [type = '', field = ''] = coordinate.split('.')
    if (!hiddenName.test(field) || masked.has(coordinate)) return []
    if (graph.fields.get(coordinate)?.rule !== undefined || graph.typeRules.has(type)) return []
    const astNode = fieldOf(graph.schema, type, field)?.astNode
    // Internal fields are no clients' to see.
    if (!astNode || fieldOf(graph.clientSchema, type, field) === undefined) return []
    const message = `Strangers may ask ${name} for ${coordinate}: hide it by \`mask\`, guard it by @auth, or leave it out.`
    return [{ code: 'PORTICO-763', place: placeOfNode(astNode), coordinate, message }]
  })
}

const fieldOf = (schema: GraphQLSchema, name: string, field: string) => {
  const type = schema.getType(name)
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[field] : undefined
}

const maskedFields = (schema: GraphQLSchema, { config: { mask } }: Ground): ReadonlySet<string> =>
  new Set(
    (mask?.rules ?? []).flatMap(({ path: text, in: where }) => {
      const path = text === undefined || !where.includes('answers') ? undefined : parsePath(text)
      return path === undefined ? [] : [...reachIn(schema, { path, find: undefined, become: undefined }).fields]
    }),
  )
