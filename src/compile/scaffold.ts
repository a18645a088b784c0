import type { ASTNode, GraphQLSchema } from 'graphql'
import { withEntities } from '../graph/expose/entities.ts'
import { exposeService } from '../graph/expose/expose.ts'
import { emptyQuery, plainRoots, type Roots, sdlOf } from '../graph/expose/sdl.ts'
import { exposedFile } from '../graph/expose/together.ts'
import { type RootKind, rootTypeOf } from '../graph/roots.ts'
import { didYouMean } from '../kernel/diagnostic.ts'
import type { Compiled } from './compile.ts'

/** What is asked for: SDL for one BFF from one gRPC service. */
export type Scaffolding = {
  readonly bff: string
  readonly from: string
  readonly methods?: readonly string[] | undefined
  readonly prefix?: string | undefined
}

/** SDL with bindings and entities for a team to edit, and what its author should know; or why there is none. */
export const scaffoldBff = (
  { plan, services }: Pick<Compiled, 'plan' | 'services'>,
  { bff: name, from, ...choice }: Scaffolding,
): { readonly text: string; readonly notes: readonly string[] } | { readonly mistake: string } => {
  const service = services.get(from)
  if (service?.kind !== 'grpc') {
    const grpc = [...services.values()].filter(({ kind }) => kind === 'grpc').map((one) => one.name)
    return {
      mistake:
        service === undefined
          ? `There is no service ${from} in portico.yaml, or it is not sound.${didYouMean(from, grpc)}`
          : `${from} speaks REST; only a gRPC service says by itself what it can do.`,
    }
  }
  const exposed = withEntities(exposeService(service, { service: from, at: [], ...choice }))
  const [mistake] = exposed.mistakes
  if (mistake !== undefined) return { mistake: mistake.message }
  const graph = plan?.bffs.find(({ served }) => served.name === name)?.served.graph
  const known = graph?.schema
  // What `expose` shows of the service now is what the file is to take the place of.
  const given: Given = (node) => ![exposedFile(from), exposedFile('roots')].includes(node?.loc?.source.name ?? '')
  const roots = known === undefined ? plainRoots : rootsOf(known, given)
  const kinds = new Set([...roots.defined, ...exposed.fields.map((field) => field.exposed.kind)])
  const text = [
    `# Written by \`portico scaffold ${name} --from ${from}\` from the protos of ${from}; yours to edit.\n`,
    sdlOf(exposed, roots),
    ...(kinds.has('query') ? [] : [emptyQuery(roots.names.query)]),
  ].join('\n')
  const types = exposed.types.flatMap(({ name: of }) => {
    const type = known?.getType(of)
    return type === undefined ? [] : [{ name: of, node: type.astNode }]
  })
  const fields = exposed.fields.flatMap(({ exposed: { kind, field } }) => {
    const found = known && rootTypeOf(known, kind)?.getFields()[field]
    return found === undefined ? [] : [{ name: `${roots.names[kind]}.${field}`, node: found.astNode }]
  })
  const met = [...types, ...fields]
  const taken = met.filter(({ node }) => given(node)).map((one) => one.name)
  return {
    text,
    notes: [
      ...(met.length === taken.length
        ? []
        : [`${name} shows ${from} by \`expose\`: take it out there where \`schema\` names the file.`]),
      ...(taken.length === 0
        ? []
        : [`${name} has ${taken.join(', ')} already: keep one of each, or set these apart by --prefix.`]),
      ...(plan === undefined || graph !== undefined
        ? []
        : [
            `There is no BFF ${name} in portico.yaml yet: bffs: { ${name}: { prefix: /${name}, schema: <the file> } }.`,
          ]),
    ],
  }
}

/** Whether something is there without what `expose` shows of the service. */
type Given = (node: ASTNode | null | undefined) => boolean

const rootsOf = (schema: GraphQLSchema, given: Given): Roots => {
  const kinds: readonly RootKind[] = ['query', 'mutation', 'subscription']
  const nameOf = (kind: RootKind): string => rootTypeOf(schema, kind)?.name ?? plainRoots.names[kind]
  return {
    names: { query: nameOf('query'), mutation: nameOf('mutation'), subscription: nameOf('subscription') },
    defined: new Set(
      kinds.filter((kind) => {
        const root = rootTypeOf(schema, kind)
        return root !== undefined && given(root.astNode)
      }),
    ),
  }
}
