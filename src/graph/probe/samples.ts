import {
  type DocumentNode,
  type GraphQLField,
  getArgumentValues,
  isRequiredArgument,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Json } from '../../kernel/json.ts'
import type { Graph } from '../graph.ts'
import { withDefaults } from '../standalone.ts'

/**
 * Values to ask with, by schema coordinate: `Query.user(id:)` is an argument, `User.id` a field of an object to start
 * from, and a plain `id` every argument and variable of that name.
 */
export type Samples = Readonly<Record<string, Json>>

/** An operation whose literals and defaults of variables are samples too. */
export type SampleOperation = { readonly document: DocumentNode; readonly node: OperationDefinitionNode }

/** The arguments of a field as far as samples, operations and defaults give them, and the required ones that nobody gives. */
export type SampleArguments = {
  readonly values: Readonly<Record<string, unknown>>
  readonly missing: readonly string[]
}

/** What stored operations give to arguments, by the coordinate of the field; the first that gives all of a field's wins. */
export const argumentsInOperations = (
  graph: Graph,
  operations: readonly SampleOperation[],
  samples: Samples,
): ReadonlyMap<string, Readonly<Record<string, unknown>>> => {
  const found = new Map<string, Readonly<Record<string, unknown>>>()
  for (const { document, node } of operations) {
    const variables = withDefaults(node, samples)
    const info = new TypeInfo(graph.schema)
    visit(
      document,
      visitWithTypeInfo(info, {
        Field(field) {
          const definition = info.getFieldDef()
          const coordinate = `${info.getParentType()?.name}.${field.name.value}`
          if (!definition || definition.args.length === 0 || found.has(coordinate)) return
          try {
            found.set(coordinate, getArgumentValues(definition, field, variables))
          } catch {
            // A variable without a default: another operation or a sample may give its value.
          }
        },
      }),
    )
  }
  return found
}

/** The arguments to ask a field with. */
export const sampleArguments = (
  coordinate: string,
  field: GraphQLField<unknown, unknown> | undefined,
  { samples, operations }: { readonly samples: Samples; readonly operations: ReturnType<typeof argumentsInOperations> },
): SampleArguments => {
  const values: Record<string, unknown> = {}
  const missing: string[] = []
  for (const argument of field?.args ?? []) {
    const { name } = argument
    const given = [samples[`${coordinate}(${name}:)`], operations.get(coordinate)?.[name], samples[name]]
    const value: unknown = given.find((one) => one !== undefined) ?? argument.defaultValue
    if (value !== undefined) values[name] = value
    else if (isRequiredArgument(argument)) missing.push(name)
  }
  return { values, missing }
}
