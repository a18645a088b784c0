import { Problem } from '../../kernel/problem.ts'
import { type Call, type CallContext, guarded } from '../call.ts'
import type { GuardTools } from '../guard-tools.ts'
import { type Introduction, introduce } from '../identity/introduction.ts'
import { findOwnCalls, type OwnCalls } from '../own-calls.ts'
import { acquireResilience, createOwnBreakers, type OwnBreakers, type Resilience } from '../resilience.ts'
import type { Resources } from '../resources.ts'
import type { RestService } from '../service.ts'
import { guardsOfCalls, type LaneGuards, laneGuards } from '../stack.ts'
import { readWish } from '../targets/affinity.ts'
import { createBodyReader } from './body-reader.ts'
import { type Asked, Exchange } from './exchange.ts'
import type { RestInput } from './request.ts'
import { acquireTargets, type RestTargets } from './targets.ts'
import { headerLines, type WireRequest } from './wire/request.ts'

export type RestConnector = {
  /**
   * Asks the service, under its guards. The output is the answer's JSON, null where it is empty. Throws Problem:
   * UNAVAILABLE (502) where the service cannot be reached, breaks off, or answers something else than JSON.
   */
  readonly call: Call<RestInput>
  /** What guards those. */
  readonly laneGuards: LaneGuards
  /** Where its targets are, for requests that are passed on as they are. */
  readonly targets: RestTargets
  /** What the service is told of the caller. */
  readonly introduction: Introduction
  /** What is remembered of its failures. */
  readonly resilience: Resilience
  /** The breakers that some of its calls, and routes to it, have of their own. */
  readonly ownBreakers: OwnBreakers['all']
  /** Whether health checks let calls through: true where there are none, undefined until they have said something. */
  serves(): boolean | undefined
  release(): Promise<void>
}

/** Opens nothing by itself: connections are made by the first calls and shared by all services of one origin. */
export const connectRest = (service: RestService, resources: Resources, tools: GuardTools): RestConnector => {
  const lease = acquireTargets(service, resources, tools)
  const memory = acquireResilience(service, resources, tools)
  const targets = lease.value
  const introduction = introduce(service, resources, tools)
  const asked = {
    service,
    introduction,
    targets,
    read: createBodyReader(),
    affinity: readWish(service.targets),
  }
  const own = createOwnBreakers(service.name, memory.value, { ...tools, resources })
  const guarding = { ...tools, own: own.resilienceOf, introducing: introduction.guards }
  const guardsOf = guardsOfCalls(service, memory.value, guarding)
  const callOf = (calls: OwnCalls | undefined): Call<RestInput> =>
    guarded(exchangeWith(asked), guardsOf(calls), { mayRepeat })
  return {
    call: byOwnCalls(service, callOf),
    laneGuards: laneGuards(service, memory.value, guarding),
    targets,
    introduction,
    resilience: memory.value,
    ownBreakers: own.all,
    serves: () => targets.serving,
    release: async () => {
      await Promise.all([lease, memory, introduction, own].map((one) => one.release()))
    },
  }
}

/** Each call under what is said of it; a service whose calls are all alike asks nothing. */
const byOwnCalls = (
  { ownCalls }: RestService,
  callOf: (calls: OwnCalls | undefined) => Call<RestInput>,
): Call<RestInput> => {
  const usual = callOf(undefined)
  if (ownCalls === undefined) return usual
  const find = findOwnCalls(ownCalls)
  const made = new Map(ownCalls.map((calls) => [calls, callOf(calls)]))
  return (input, context) => {
    const calls = find(`${input.method} ${input.path}`)
    return ((calls && made.get(calls)) ?? usual)(input, context)
  }
}

/** Safe methods (RFC 9110 §9.2.1), what names itself by an Idempotency-Key, and what is said to be idempotent. */
const mayRepeat = ({ method, headers, idempotent }: RestInput): boolean =>
  method === 'GET' || idempotent === true || headers.some(([name]) => name.toLowerCase() === 'idempotency-key')

const exchangeWith =
  (asked: Asked & { readonly introduction: Introduction }): Call<RestInput> =>
  (input, context) =>
    new Promise((resolve, reject) => {
      const request = wireRequest(asked, input, context)
      new Exchange(asked, request, {
        exact: input.exact,
        judged: input.judged === true,
        context,
        settle: { resolve, reject },
      }).send()
    })

// Compressed answers cost more to open than a local network takes to carry them whole.
const always = headerLines(['accept', 'application/json', 'accept-encoding', 'identity', 'user-agent', 'portico'])
const alwaysJson = (always + headerLines(['content-type', 'application/json'])) as typeof always

const wireRequest = (
  {
    service: { name, basePath, identity },
    introduction,
  }: { readonly service: RestService; readonly introduction: Introduction },
  { method, path, headers, body, idempotent }: RestInput,
  { forward, caller }: CallContext,
): WireRequest => {
  if (!path.startsWith('/')) throw new Problem('INTERNAL', `A path for service ${name} must start with a slash.`)
  const sent: string[] = []
  if (forward.traceparent !== undefined) sent.push('traceparent', forward.traceparent)
  if (forward.tracestate !== undefined) sent.push('tracestate', forward.tracestate)
  if (identity === 'forward' && forward.authorization !== undefined) sent.push('authorization', forward.authorization)
  for (const [header, value] of headers) sent.push(header, value)
  if (introduction.headers !== undefined) sent.push(...introduction.headers(caller))
  return {
    method,
    path: basePath + path,
    lines: body === undefined ? always : alwaysJson,
    headers: sent,
    body: body === undefined ? null : JSON.stringify(body),
    repeatable: method === 'GET' || idempotent === true,
  }
}
