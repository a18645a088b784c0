import { isEnumType, isObjectType, validateSchema } from 'graphql'
import { type Diagnostic, hasErrors } from '../../kernel/diagnostic.ts'
import type { Service } from '../../services/service.ts'
import { directiveOf, directivesOf } from '../directives.ts'
import { readFieldLimits } from '../field-limits.ts'
import type { AccessRule, Field, Graph, InlineSource } from '../graph.ts'
import { bindAccess } from './access.ts'
import { enumSpellings, listSizeOf } from './annotations.ts'
import { checkAnswers } from './answers.ts'
import { checkGraph } from './check/graph.ts'
import { checkNeedlessLevels } from './check/needless-level.ts'
import { checkOpenApi } from './check/openapi.ts'
import { checkFrom } from './check/schema-words.ts'
import { clientSchemaOf, isOwnWord } from './client-schema.ts'
import { type BindContext, report } from './context.ts'
import { bindEntities } from './entities.ts'
import { bindFallback } from './fallback.ts'
import { checkLists } from './lists.ts'
import { checkReach } from './reach.ts'
import { diagnosticOf, readSchema, type SourceFile } from './sdl.ts'
import { bindSource } from './sources.ts'
import { bindVariants } from './variants.ts'

/** SDL files and the services they bind to, as a graph; without a graph when any diagnostic is an error. */
export const bindGraph = (
  files: readonly SourceFile[],
  services: ReadonlyMap<string, Service>,
): { readonly graph: Graph | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  const read = readSchema(files)
  if ('diagnostics' in read) return { graph: undefined, diagnostics: read.diagnostics }
  const { schema, document } = read
  const context: BindContext = { schema, services, bindings: [], diagnostics: [] }
  const types = Object.values(schema.getTypeMap())
  const objects = types.filter(isObjectType).filter(({ name }) => !isOwnWord(name))
  checkReach(context)
  checkFrom(context)
  const entities = bindEntities(context, objects)
  const owners = objects.flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({ type, field, coordinate: `${type.name}.${field.name}` })),
  )
  const sources = new Map(owners.map((owner) => [owner.coordinate, bindSource(context, { owner, entities })]))
  const oneofs = hasErrors(context.diagnostics) ? new Map<string, InlineSource>() : checkAnswers(context)
  if (!hasErrors(context.diagnostics)) checkOpenApi(context)
  const fields = new Map<string, Field>()
  for (const { type, field, coordinate } of owners) {
    const source = oneofs.get(coordinate) ?? sources.get(coordinate)
    if (source === undefined) continue
    const { astNode } = field
    fields.set(coordinate, {
      coordinate,
      source,
      rule: bindAccess(context, directiveOf('auth', astNode), { coordinate, args: field.args }),
      listSize: listSizeOf(directiveOf('listSize', astNode)),
      fallback: bindFallback(context, { type, field, coordinate }, source),
      limits: readFieldLimits(directivesOf('rateLimit', astNode), coordinate, (node, message) =>
        report(context, node, coordinate, { code: 'PORTICO-119', message }),
      ),
    })
  }
  const clientSchema = clientSchemaOf(document)
  const first = files[0]?.file ?? 'schema'
  for (const fault of validateSchema(clientSchema))
    context.diagnostics.push({ ...diagnosticOf(fault, first), coordinate: 'what clients see' })
  const roots = [schema.astNode, ...schema.extensionASTNodes]
  const graph: Graph = {
    schema,
    clientSchema,
    fields,
    entities,
    bindings: context.bindings,
    enums: new Map(types.filter(isEnumType).map((type) => [type.name, enumSpellings(type.getValues())])),
    variants: bindVariants(context),
    typeRules: new Map(
      objects.flatMap((type): [string, AccessRule][] => {
        const rule = bindAccess(context, directiveOf('auth', type.astNode, ...type.extensionASTNodes), {
          coordinate: type.name,
        })
        return rule === undefined ? [] : [[type.name, rule]]
      }),
    ),
    rootRule: bindAccess(context, directiveOf('auth', ...roots), { coordinate: 'schema' }),
    resolvers: new Set([...fields.values()].flatMap(({ source }) => (source.kind === 'resolver' ? [source.fn] : []))),
  }
  if (!hasErrors(context.diagnostics)) checkLists(context, graph)
  if (!hasErrors(context.diagnostics)) checkNeedlessLevels(context, graph)
  if (!hasErrors(context.diagnostics)) checkGraph(context, graph)
  return { graph: hasErrors(context.diagnostics) ? undefined : graph, diagnostics: context.diagnostics }
}
