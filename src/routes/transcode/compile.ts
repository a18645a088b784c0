import protobuf, { type Method } from 'protobufjs'
import type { z } from 'zod'
import { type Diagnostic, didYouMean, hasErrors, type Place } from '../../kernel/diagnostic.ts'
import type { JsonLimits } from '../../kernel/json-mistake.ts'
import { correction, mendAt } from '../../kernel/mend.ts'
import { findMethod, type GrpcMethod, methodPaths } from '../../services/grpc/method.ts'
import { type HttpRule, httpRules, idempotencyOf } from '../../services/grpc/protos/annotations.ts'
import { placeOfDefinition } from '../../services/grpc/protos/places.ts'
import type { GrpcService, Service } from '../../services/service.ts'
import { createMatcher, type Matcher } from '../matcher.ts'
import { type Binding, compileRule, type RuleMistake } from './binding.ts'
import type { transcodeRouteConfig } from './config.ts'
import { type MetadataRules, refusedHeader } from './metadata.ts'

/** One entry of `routes:` that transcodes, as read, without its policies. */
export type TranscodeRouteConfig = z.output<z.ZodObject<typeof transcodeRouteConfig>>

/** A transcoding route as the plan knows it: every rule bound, every default taken. */
export type TranscodeRoute = {
  /** Stable over reloads: `routes./api/*`. */
  readonly name: string
  /** As written: `/api/*`. */
  readonly path: string
  /** What stands before every template: `/api`; empty for `/*`. */
  readonly prefix: string
  readonly services: readonly GrpcService[]
  /** In the order of the protos. */
  readonly bindings: readonly Binding[]
  readonly matcher: Matcher<Binding>
  readonly json: TranscodeRouteConfig['json']
  readonly metadata: MetadataRules
  readonly websocket: boolean
  /** Undefined: the request's budget for single messages, no end for streams. */
  readonly timeoutMs: number | undefined
  readonly maxBodyBytes: number
}

export type TranscodeSurroundings = {
  readonly services: ReadonlyMap<string, Service>
  /** `limits.body`, for routes that set none. */
  readonly maxBodyBytes: number
  readonly json: JsonLimits
  /** Where a setting of this route stands, and how it is named: `routes[0].transcode`. */
  readonly placeOf: (setting: keyof TranscodeRouteConfig) => { readonly place: Place; readonly coordinate: string }
}

/** Without a route where any diagnostic is an error; a rule that only cannot be served is a warning, and left out. */
export type CompiledTranscode = {
  readonly route?: TranscodeRoute
  readonly diagnostics: readonly Diagnostic[]
}

/** The method under which a template answers WebSocket upgrades, which are GET requests whatever its own is. */
export const upgradeMethod = 'UPGRADE'

/** One entry of `routes:` with every rule of its services bound, or everything that is wrong with it. */
export const compileTranscode = (
  config: TranscodeRouteConfig,
  surroundings: TranscodeSurroundings,
): CompiledTranscode => {
  const diagnostics: Diagnostic[] = []
  const services = config.transcode.flatMap((name): readonly GrpcService[] => {
    const service = surroundings.services.get(name)
    if (service?.kind === 'grpc') return [service]
    diagnostics.push(serviceMistake(name, service, surroundings))
    return []
  })
  const metadata = metadataRules(config, surroundings, diagnostics)
  const prefix = config.path.slice(0, -2)
  const table: Table = { prefix, config, surroundings, diagnostics, bindings: [], matcher: createMatcher() }
  for (const service of services) for (const path of methodPaths(service.root)) addMethod(service, path, table)
  if (hasErrors(diagnostics)) return { diagnostics }
  return {
    diagnostics,
    route: {
      name: `routes.${config.path}`,
      path: config.path,
      prefix,
      services,
      bindings: table.bindings,
      matcher: table.matcher,
      json: config.json,
      metadata,
      websocket: config.websocket,
      timeoutMs: config.timeout,
      maxBodyBytes: config.maxBody ?? surroundings.maxBodyBytes,
    },
  }
}

type Table = {
  readonly prefix: string
  readonly config: TranscodeRouteConfig
  readonly surroundings: TranscodeSurroundings
  readonly diagnostics: Diagnostic[]
  readonly bindings: Binding[]
  readonly matcher: Matcher<Binding>
}

/** Services of the infrastructure, which reflection brings along and no client of the API is meant to see. */
const infrastructure = /^grpc\./

const addMethod = (service: GrpcService, path: string, table: Table): void => {
  const method = findMethod(service, path)
  if (!('path' in method) || infrastructure.test(path)) return
  const definition = definitionOf(service, path)
  const annotated = httpRules(definition)
  const rules = annotated.length > 0 ? annotated : connectRules(path, method, definition)
  for (const rule of rules) {
    const context = {
      service: service.name,
      method,
      prefix: table.prefix,
      style: table.config.json,
      json: table.surroundings.json,
      connect: annotated.length === 0 && !method.requestStream && !method.responseStream,
    }
    const compiled = compileRule(rule, context)
    if ('binding' in compiled) addBinding(compiled.binding, { rule, definition }, table)
    else
      for (const mistake of compiled.mistakes)
        table.diagnostics.push(ruleDiagnostic(mistake, { rule, definition, table }))
  }
}

/** A method as its proto has it: with comments and options. */
export const definitionOf = ({ root }: GrpcService, path: string): Method => {
  const [serviceName = '', methodName = ''] = path.split('/')
  const service = root.lookup(`.${serviceName}`, [protobuf.Service]) as protobuf.Service
  return service.methods[methodName] as Method
}

/** What methods without annotations are served by: where clients of the Connect protocol look for them. */
const connectRules = (path: string, { requestStream, responseStream }: GrpcMethod, method: Method): HttpRule[] => {
  const rule = { template: `/${path}`, responseBody: '' }
  const safe = idempotencyOf(method) === 'NO_SIDE_EFFECTS' && !requestStream && !responseStream
  return [{ ...rule, verb: 'POST', body: '*' }, ...(safe ? [{ ...rule, verb: 'GET', body: '' }] : [])]
}

type RuleSource = { readonly rule: HttpRule; readonly definition: Method }

const addBinding = (binding: Binding, source: RuleSource, table: Table): void => {
  const { matcher, bindings, config } = table
  const { template, verb, method } = binding
  const streams = method.requestStream || method.responseStream
  const taken =
    matcher.add(template, verb, binding) ??
    (config.websocket && streams ? matcher.add(template, upgradeMethod, binding) : undefined)
  if (taken === undefined) bindings.push(binding)
  else table.diagnostics.push(conflict(binding, taken, { ...source, table }))
}

const serviceMistake = (
  name: string,
  found: Service | undefined,
  { services, placeOf }: TranscodeSurroundings,
): Diagnostic => {
  const grpc = [...services.values()].filter(({ kind }) => kind === 'grpc').map((service) => service.name)
  const message =
    found === undefined
      ? `No such service.${didYouMean(name, grpc)}`
      : `Service ${name} speaks REST; transcoding needs a gRPC service.${didYouMean(name, grpc)}`
  const at = placeOf('transcode')
  const mend = found === undefined ? mendAt(at.place, name, correction(name, grpc)) : undefined
  return { severity: 'error', code: 'PORTICO-014', ...at, message, mend }
}

const metadataRules = (
  { metadata }: TranscodeRouteConfig,
  { placeOf }: TranscodeSurroundings,
  diagnostics: Diagnostic[],
): MetadataRules => {
  const checked = (names: readonly string[]): readonly string[] =>
    [...new Set(names.map((name) => name.toLowerCase()))].filter((name) => {
      const message = refusedHeader(name)
      if (message !== undefined)
        diagnostics.push({ severity: 'error', code: 'PORTICO-018', ...placeOf('metadata'), message })
      return message === undefined
    })
  return { request: checked(metadata.request), response: new Set(checked(metadata.response)) }
}

type RuleContext = RuleSource & { readonly table: Table }

const ruleDiagnostic = (
  { part, at, message, severity = 'error' }: RuleMistake,
  { rule, definition }: RuleContext,
): Diagnostic => {
  const text = { template: rule.template, verb: rule.verb, body: rule.body, responseBody: rule.responseBody }[part]
  const place = placeOfDefinition(definition, { text: `"${text}"`, at: at + 1 })
  const shown = at === 0 ? `${rule.verb} ${rule.template}` : `${JSON.stringify(text)}, character ${at + 1}`
  return {
    severity,
    code: 'PORTICO-810',
    place,
    coordinate: coordinateOf(definition),
    // A descriptor set keeps no text to point at.
    message: place.text === '' ? `${shown}: ${message}` : message,
  }
}

const conflict = (binding: Binding, other: Binding, { rule, definition, table }: RuleContext): Diagnostic => {
  const first = other.method.path.slice(1)
  const service = table.surroundings.services.get(other.service) as GrpcService
  const source = placeOfDefinition(definitionOf(service, first), { text: `"${other.template.text}"`, at: 1 })
  return {
    severity: 'warning',
    code: 'PORTICO-811',
    place: placeOfDefinition(definition, { text: `"${rule.template}"`, at: 1 }),
    coordinate: coordinateOf(definition),
    message: `${binding.verb} ${binding.template.text} is what ${first} answers already, as ${other.verb} ${other.template.text} (${source.file}:${source.line}:${source.column}); this rule is not served.`,
  }
}

const coordinateOf = (method: Method): string => `${method.parent?.fullName.slice(1) ?? ''}/${method.name}`
