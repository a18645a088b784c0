import type { Diagnostic, Place } from '../kernel/diagnostic.ts'
import type { ServiceConfig } from './config.ts'
import { compileDefinitions, definitionFiles } from './grpc/protos/compile.ts'
import { loadOpenApi } from './openapi/load.ts'
import type { Service } from './service.ts'
import { readTls, tlsFiles } from './tls.ts'

export type ServiceSurroundings = {
  readonly workspaceDir: string
  /** The place of a setting, by its path from the root of `portico.yaml`. */
  readonly placeOf: (path: readonly (string | number)[]) => Place
}

/** One entry of `services:` with its definitions loaded and its files read, or what is wrong with it. */
export const compileService = async (
  name: string,
  config: ServiceConfig,
  { workspaceDir, placeOf }: ServiceSurroundings,
): Promise<{ readonly service: Service } | { readonly diagnostics: readonly Diagnostic[] }> => {
  const { tls, diagnostics: tlsDiagnostics } = readTls(config.tls, { service: name, workspaceDir, placeOf })
  const diagnostics: Diagnostic[] = [...tlsDiagnostics]
  const common = {
    name,
    identity: config.identity,
    timeoutMs: config.timeout,
    concurrency: config.concurrency,
    maxAnswerBytes: config.maxAnswer,
    shareCalls: config.shareCalls,
    tls,
  }
  if ('rest' in config) {
    const openapi = config.openapi === undefined ? undefined : loadOpenApi(config.openapi, { workspaceDir })
    if (openapi !== undefined && 'code' in openapi) {
      const place = placeOf(['services', name, 'openapi'])
      diagnostics.push({ severity: 'error', ...openapi, place, coordinate: `services.${name}.openapi` })
    }
    if (diagnostics.length > 0) return { diagnostics }
    const { origin, pathname } = config.rest
    const described = openapi !== undefined && 'root' in openapi ? { openapi } : {}
    return { service: { ...common, ...described, kind: 'rest', origin, basePath: pathname.replace(/\/+$/, '') } }
  }
  const loaded = await compileDefinitions(config, { service: name, workspaceDir, placeOf, tls, target: config.grpc[0] })
  if ('diagnostics' in loaded) return { diagnostics: [...diagnostics, ...loaded.diagnostics] }
  const grpc = {
    kind: 'grpc',
    targets: config.grpc.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`),
    maxRequestBytes: config.maxRequest,
    errorDetails: config.errorDetails,
    health: config.health,
    root: loaded.root,
  } as const
  return diagnostics.length > 0 ? { diagnostics } : { service: { ...common, ...grpc } }
}

/** The files of the workspace that an entry of `services:` names: a change in one means another generation. */
export const serviceFiles = (config: ServiceConfig): readonly string[] => [
  ...tlsFiles(config.tls),
  ...('rest' in config && config.openapi !== undefined ? [config.openapi] : []),
  ...('grpc' in config ? definitionFiles(config) : []),
]
