import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Diagnostic, Place } from '../kernel/diagnostic.ts'
import type { ServiceConfig } from './config.ts'
import { loadProtos } from './grpc/protos/text.ts'
import type { Service } from './service.ts'

export type ServiceSurroundings = {
  readonly workspaceDir: string
  /** The place of a setting, by its path from the root of `portico.yaml`. */
  readonly placeOf: (path: readonly (string | number)[]) => Place
}

/** One entry of `services:` with its protos loaded and its files read, or what is wrong with it. */
export const compileService = (
  name: string,
  config: ServiceConfig,
  { workspaceDir, placeOf }: ServiceSurroundings,
): { readonly service: Service } | { readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics: Diagnostic[] = []
  const tls = config.tls === undefined ? undefined : { ...config.tls }
  const ca = tls?.ca
  let pem: string | undefined
  if (ca !== undefined) {
    try {
      pem = readFileSync(resolve(workspaceDir, ca), 'utf8')
    } catch {
      diagnostics.push({
        severity: 'error',
        place: placeOf(['services', name, 'tls', 'ca']),
        coordinate: `services.${name}.tls.ca`,
        message: `There is no readable file ${ca} in the workspace.`,
      })
    }
  }
  const common = {
    name,
    identity: config.identity,
    timeoutMs: config.timeout,
    concurrency: config.concurrency,
    maxAnswerBytes: config.maxAnswer,
    tls: tls && {
      ...(pem === undefined ? {} : { ca: pem }),
      ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    },
  }
  if ('rest' in config) {
    if (diagnostics.length > 0) return { diagnostics }
    const { origin, pathname } = config.rest
    return { service: { ...common, kind: 'rest', origin, basePath: pathname.replace(/\/+$/, '') } }
  }
  const loaded = loadProtos({
    files: config.proto,
    includeDir: join(workspaceDir, 'protos'),
    displayDir: 'protos',
    askedBy: (file) => {
      const index = config.proto.indexOf(file)
      const path = ['services', name, 'proto', ...(config.proto.length > 1 ? [index] : [])]
      return { place: placeOf(path), coordinate: `services.${name}.proto` }
    },
  })
  if ('diagnostics' in loaded) return { diagnostics: [...diagnostics, ...loaded.diagnostics] }
  const { host, port } = config.grpc
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return diagnostics.length > 0 ? { diagnostics } : { service: { ...common, kind: 'grpc', address, root: loaded.root } }
}
