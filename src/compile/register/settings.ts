import { parseDocument } from 'yaml'
import { type Diagnostic, nearest, startOf } from '../../kernel/diagnostic.ts'
import { workspaceFile } from '../compile.ts'
import type { Registration } from './registration.ts'
import { editYaml, type YamlEdit } from './yaml-edit.ts'

/** The definitions of a service as `portico.yaml` names them. */
export type NamedDefinitions =
  | { readonly proto: readonly string[]; readonly include: readonly string[] }
  | { readonly descriptors: string }

type Written = {
  readonly services?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null
  readonly bffs?: Readonly<Record<string, { readonly expose?: unknown } | null>> | null
  readonly routes?: readonly { readonly path?: unknown; readonly transcode?: unknown }[] | null
}

/** What a workspace starts from that is made by registering a service. */
export const freshWorkspace = `listen: \${PORTICO_LISTEN:-127.0.0.1:8080}

services:
`

/**
 * The text of `portico.yaml` with the service registered, and whether it was so before; or why that cannot be done by
 * editing it.
 */
export const withService = (
  text: string,
  registration: Registration,
  definitions: NamedDefinitions | undefined,
): { readonly text: string; readonly known: boolean } | { readonly diagnostic: Diagnostic } => {
  const written = (parseDocument(text).toJS() ?? {}) as Written
  const refuse = (message: string) => ({
    diagnostic: {
      severity: 'error',
      code: 'PORTICO-020',
      place: startOf(workspaceFile),
      coordinate: `services.${registration.name}`,
      message,
    } as const,
  })
  const { name, target, expose } = registration
  const near =
    expose === undefined || has(written.bffs, expose) ? undefined : nearest(expose, Object.keys(written.bffs ?? {}))
  if (near !== undefined) return refuse(`There is no BFF ${expose}. Did you mean ${near}?`)
  const known = has(written.services, name)
  if (!known && target === undefined) return refuse('A new service needs its address: --target host:port.')
  if (!known && definitions === undefined)
    return refuse('A new service needs its definitions: --proto, --descriptors or --reflect.')
  if (known && has(written.services?.[name], 'rest'))
    return refuse(`${name} is a REST service; a gRPC service needs another name.`)
  const edited = editYaml(text, [
    ...serviceEdits(written, registration, definitions),
    ...exposeEdits(written, registration),
    ...routeEdits(written, registration),
  ])
  return edited === undefined
    ? refuse('What is to be changed stands behind an alias (`*…`) or is no mapping; write it out, or register by hand.')
    : { text: edited, known }
}

const has = (record: Readonly<Record<string, unknown>> | null | undefined, key: string): boolean =>
  typeof record === 'object' && record !== null && Object.hasOwn(record, key)

/** Where one is enough, a list is not needed. */
const short = (list: readonly string[]): string | readonly string[] => (list.length === 1 ? (list[0] ?? '') : list)

const serviceEdits = (
  { services }: Written,
  { name, target, identity, tls }: Registration,
  definitions: NamedDefinitions | undefined,
): readonly YamlEdit[] => {
  const settings: Record<string, unknown> = {
    ...(target === undefined ? {} : { grpc: target }),
    ...(definitions === undefined
      ? {}
      : 'descriptors' in definitions
        ? definitions
        : {
            proto: short(definitions.proto),
            ...(definitions.include.length === 0 ? {} : { include: short(definitions.include) }),
          }),
    ...(tls === undefined ? {} : { tls }),
  }
  const old = has(services, name) ? services?.[name] : undefined
  const path = ['services', name]
  if (typeof old !== 'object' || old === null) return [{ set: path, to: { ...settings, identity: identity ?? 'none' } }]
  const kinds = ['proto', 'descriptors', 'reflection', 'include']
  const stale = definitions === undefined ? [] : kinds.filter((key) => has(old, key) && !has(settings, key))
  const changed = Object.entries({ ...settings, ...(identity === undefined ? {} : { identity }) }).filter(
    ([key, value]) => JSON.stringify(listOf(old[key])) !== JSON.stringify(listOf(value)),
  )
  return [
    ...changed.map(([key, value]) => ({ set: [...path, key], to: value })),
    ...stale.map((key) => ({ remove: [...path, key] })),
  ]
}

const listOf = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly unknown[]) : [value]

const exposeEdits = ({ bffs }: Written, { name, expose }: Registration): readonly YamlEdit[] => {
  if (expose === undefined) return []
  const path = ['bffs', expose]
  if (!has(bffs, expose)) return [{ set: path, to: { prefix: `/${expose}`, expose: name } }]
  const shown = bffs?.[expose]?.expose
  if (shown === undefined || shown === null) return [{ set: [...path, 'expose'], to: name }]
  if (typeof shown === 'object' && !Array.isArray(shown))
    return has(shown as Record<string, unknown>, name) ? [] : [{ set: [...path, 'expose', name], to: {} }]
  return listOf(shown).includes(name) ? [] : [{ append: [...path, 'expose'], item: name }]
}

const routeEdits = ({ routes }: Written, { name, route }: Registration): readonly YamlEdit[] => {
  if (route === undefined) return []
  const index = (routes ?? []).findIndex(({ path, transcode }) => path === route && transcode !== undefined)
  if (index < 0) return [{ append: ['routes'], item: { path: route, transcode: name } }]
  return listOf(routes?.[index]?.transcode).includes(name)
    ? []
    : [{ append: ['routes', index, 'transcode'], item: name }]
}
