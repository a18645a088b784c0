import type { Field, Type } from 'protobufjs'
import type { ApiParameter, JsonSchema } from '../../kernel/openapi.ts'
import { isNullValue } from '../../services/grpc/json/enums.ts'
import { enumOf, fieldsOf, messageOf, nameOf } from '../../services/grpc/json/fields.ts'
import { isAsked, isDemanded, isDeprecated } from '../../services/grpc/protos/annotations.ts'
import type { TranscodeRouteConfig } from './compile.ts'
import { describedAs } from './openapi-comments.ts'
import type { MessageSchemas } from './openapi-schemas.ts'
import { wellKnownSchema, withoutNull } from './openapi-values.ts'
import { textValue } from './values.ts'

export type QueryScope = {
  readonly type: Type
  /** Fields that path or body set, in JSON names. */
  readonly taken: readonly string[]
  readonly names: TranscodeRouteConfig['json']['names']
  readonly schemas: MessageSchemas
}

/** The gateway takes any field at any depth; a page that lists more than this helps nobody. */
const mostListed = 256

/**
 * The query parameters of a request: each field that is a value, at any depth, under its dotted path. A message
 * inside of itself is listed once. `cut` says that there are more than are listed.
 */
export const describeQuery = ({
  type,
  taken,
  names,
  schemas,
}: QueryScope): { readonly parameters: readonly ApiParameter[]; readonly cut: boolean } => {
  const parameters: ApiParameter[] = []
  let cut = false
  const visit = (owner: Owner): void => {
    for (const field of fieldsOf(owner.type)) {
      const path = owner.path + field.jsonName
      if (field.declaringField !== null || taken.includes(path) || !isAsked(field)) continue
      if (parameters.length === mostListed) {
        cut = true
        return
      }
      const shown = owner.shown + nameOf(field, names)
      const required = owner.required && isDemanded(field)
      if (isText(field)) {
        parameters.push({
          name: shown,
          in: 'query',
          required,
          description: describedAs(field),
          deprecated: isDeprecated(field) || undefined,
          schema: schemaOf(field, schemas),
        })
        continue
      }
      const nested = field.repeated || field.map ? undefined : messageOf(field)
      if (nested !== undefined && wellKnownSchema(nested) === undefined && !owner.inside.includes(nested))
        visit({
          type: nested,
          path: `${path}.`,
          shown: `${shown}.`,
          required,
          inside: [...owner.inside, nested],
        })
    }
  }
  visit({ type, path: '', shown: '', required: true, inside: [type] })
  return { parameters, cut }
}

type Owner = {
  readonly type: Type
  /** What stands before its fields, in JSON names and as shown. */
  readonly path: string
  readonly shown: string
  readonly required: boolean
  readonly inside: readonly Type[]
}

const isText = (field: Field): boolean => {
  const values = enumOf(field)
  return textValue(field) !== undefined && (values === undefined || !isNullValue(values))
}

const schemaOf = (field: Field, schemas: MessageSchemas): JsonSchema => {
  const schema = withoutNull(schemas.single(field))
  return field.repeated ? { type: 'array', items: schema } : schema
}
