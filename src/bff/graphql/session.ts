import type { WebSocket } from '@fastify/websocket'
import type { FastifyRequest } from 'fastify'
import { print } from 'graphql'
import type { Caller, Identity } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { whenExpired } from '../../kernel/expiry.ts'
import type { JsonLimits } from '../../kernel/json-mistake.ts'
import { maskJson } from '../../kernel/mask/json.ts'
import type { Masks } from '../../kernel/mask/masks.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { Aborter, type Signal } from '../../kernel/signal.ts'
import type { OpenSocket, SocketEnding } from '../../telemetry/observers.ts'
import { countSocket } from '../../telemetry/open-sockets.ts'
import type { ChargeMessage } from '../bff.ts'
import type { Slots } from '../slots.ts'
import type { SubscriptionSettings } from './config.ts'
import { messageOf, numberedMessage } from './messages.ts'
import { checkParameters, isObject } from './parameters.ts'
import type { Prepare, Prepared } from './prepare.ts'
import { problemError, requestErrors } from './reply.ts'

export type SessionTools = {
  readonly settings: SubscriptionSettings
  /** Of one message. */
  readonly json: JsonLimits
  readonly slots: Slots
  readonly prepare: Prepare
  readonly clock: Clock
  readonly observeExpired: ((caller: Caller) => void) | undefined
  /** Says whose credentials `connection_init` bears; undefined where the BFF has no `auth`. */
  readonly verify: VerifyInit | undefined
  /** Counts each subscription as a request of the BFF; undefined where nothing limits them. */
  readonly charge: ChargeMessage | undefined
  /** Told that one is open; counts it. */
  readonly opened?: () => OpenSocket | undefined
  /** What is hidden in errors; undefined where nothing is. Data are masked before they get here. */
  readonly masks: Masks | undefined
}

/**
 * Whose credentials these are, by headers in lower case; undefined where there are none. Rejects with Problem, also
 * where there are none and they are `needed`.
 */
export type VerifyInit = (
  headers: Readonly<Record<string, string>>,
  upgrade: FastifyRequest,
  needed: boolean,
) => Promise<Identity | undefined>

/** An operation of a WebSocket, checked, until it completes. */
export type OpenSubscription = Extract<Prepared, { operation: unknown }> & { readonly signal: Signal }

/** What a WebSocket that upgraded is known by: its request, and whether it still has to prove who it is. */
export type Upgrade = { readonly request: FastifyRequest; readonly unproven: boolean }

/** One WebSocket as subscriptions see it. */
export type Session = {
  readonly request: FastifyRequest
  readonly identity: () => Identity | undefined
  readonly authorization: () => string | undefined
  /** By the number mercurius knows it by. */
  readonly find: (number: string) => OpenSubscription | undefined
  /** Ends it, for a reason that is counted. */
  readonly close: (why: SocketEnding, code: number, reason: string) => void
}

/** Bytes that may wait for a client that sends without reading. */
const mostBuffered = 1_048_576
const longestId = 128

/**
 * Stands between a WebSocket and mercurius and keeps graphql-transport-ws
 * (https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md) where mercurius has no
 * bound or check: close codes 4400, 4401, 4403, 4408, 4409 and 4429, tokens and their expiry, how many
 * subscriptions, silent clients, documents. Only messages that are sound get through, rebuilt from what was
 * understood: mercurius would take headers and further tokens from them.
 */
export const guardSocket = (socket: WebSocket, { request, unproven }: Upgrade, tools: SessionTools): Session => {
  const { settings, slots, prepare, clock, verify, charge, opened, masks, observeExpired } = tools
  /** By the client's id; mercurius knows each by a number of its own, lest one that ended is taken for its successor. */
  const open = new Map<string, Opened>()
  const byNumber = new Map<string, Opened>()
  let numbers = 0
  let state: 'new' | 'verifying' | 'ready' = 'new'
  let identity = request.caller.identity
  let { authorization } = request.headers
  let callOff = (): void => undefined
  let alive = true

  const counted = opened?.()
  const endsBy = countSocket(socket, counted)
  const close = (why: SocketEnding, code: number, reason: string): void => {
    endsBy(why)
    socket.close(code, reason)
  }
  const emit = socket.emit.bind(socket)
  const sendOn = socket.send.bind(socket) as (data: string, ...more: readonly unknown[]) => void
  const send = (data: string, ...more: readonly unknown[]): void => {
    counted?.passed('service', 1)
    sendOn(data, ...more)
  }
  const pass = (message: object): void => void emit('message', Buffer.from(JSON.stringify(message)), false)
  const end = (one: Opened): void => {
    open.delete(one.id)
    byNumber.delete(one.number)
    one.ended.abort()
  }
  const shown = (json: string): string => {
    const masker = masks?.answersFor({ identity })
    return masker === undefined ? json : maskJson(json, masker, { root: masker.errors, removed: 'gone' })
  }
  const sendErrors = (id: string, payload: readonly object[]): void =>
    send(`{"type":"error","id":${JSON.stringify(id)},"payload":${shown(JSON.stringify(payload))}}`)
  const fail = (one: Opened, payload: readonly object[]): void => {
    if (one.ended.aborted) return
    end(one)
    sendErrors(one.id, payload)
  }

  const release = slots.take()
  if (release === undefined) close('refused', 1013, 'Too many connections')
  const initTimer = setTimeout(() => close('idle', 4408, 'Connection initialisation timeout'), settings.initTimeout)
  const pinger = setInterval(() => {
    if (!alive) {
      endsBy('idle')
      return socket.terminate()
    }
    alive = false
    socket.ping()
  }, settings.ping)
  socket.on('pong', () => {
    alive = true
  })
  socket.once('close', () => {
    clearTimeout(initTimer)
    clearInterval(pinger)
    callOff()
    release?.()
    for (const one of open.values()) end(one)
  })

  const init = async (payload: unknown): Promise<void> => {
    if (state !== 'new') return close('invalid messages', 4429, 'Too many initialisation requests')
    state = 'verifying'
    clearTimeout(initTimer)
    const given = headersOf(payload)
    try {
      const proven = await verify?.(given, request, unproven)
      if (proven !== undefined) {
        identity = proven
        authorization = given['authorization'] ?? authorization
      }
    } catch {
      return close('refused', 4403, 'Forbidden')
    }
    if (socket.readyState !== socket.OPEN) return
    state = 'ready'
    callOff = whenExpired(identity, clock, () => {
      observeExpired?.({ ...request.caller, identity })
      close('expired', 4403, 'Token expired')
    })
    pass({ type: 'connection_init' })
  }

  const subscribe = async (id: string, payload: unknown): Promise<void> => {
    if (open.has(id)) return close('invalid messages', 4409, 'Subscriber already exists')
    if (open.size >= settings.perConnection) {
      const problem = new Problem(
        'RESOURCE_EXHAUSTED',
        `At most ${settings.perConnection} subscriptions of a connection are open at once.`,
      )
      return sendErrors(id, [problemError(problem, request.id)])
    }
    numbers += 1
    const one: Opened = { id, number: String(numbers), ended: new Aborter(), prepared: undefined }
    open.set(id, one)
    byNumber.set(one.number, one)
    try {
      await charge?.({ caller: { ...request.caller, identity }, headers: request.headers })
      if (!isObject(payload)) throw new Problem('INVALID_ARGUMENT', 'payload should be an object.')
      const prepared = await prepare(checkParameters(payload))
      if ('errors' in prepared) return fail(one, requestErrors(prepared.errors, request.id))
      if (prepared.operation.node.operation !== 'subscription')
        throw new Problem('INVALID_ARGUMENT', 'A WebSocket serves subscriptions; send queries and mutations over HTTP.')
      if (one.ended.aborted) return
      one.prepared = prepared
      const { document, node } = prepared.operation
      const { variables } = payload
      const query = print(document)
      pass({ type: 'subscribe', id: one.number, payload: { query, operationName: node.name?.value, variables } })
    } catch (thrown) {
      fail(one, [problemError(asProblem(thrown), request.id)])
    }
  }

  const complete = (one: Opened | undefined): void => {
    if (one === undefined) return
    end(one)
    pass({ type: 'complete', id: one.number })
  }

  const receive = (data: unknown, isBinary: unknown): void => {
    if (socket.readyState !== socket.OPEN) return
    counted?.passed('client', 1)
    if (socket.bufferedAmount > mostBuffered) {
      endsBy('reads too slowly')
      return socket.terminate()
    }
    const message = isBinary === true ? undefined : messageOf(String(data), tools.json)
    const id = message?.['id']
    const named = typeof id === 'string' && id !== '' && id.length <= longestId
    switch (message?.['type']) {
      case 'connection_init':
        return void init(message['payload'])
      case 'ping':
        return pass({ type: 'ping' })
      case 'pong':
        return
      case 'subscribe':
        if (!named) break
        return state === 'ready' ? void subscribe(id, message['payload']) : close('refused', 4401, 'Unauthorized')
      case 'complete':
        if (!named) break
        return complete(open.get(id))
    }
    close('invalid messages', 4400, 'Invalid message received')
  }

  socket.emit = ((event: string, ...args: readonly unknown[]): boolean => {
    if (event !== 'message') return emit(event, ...args)
    receive(args[0], args[1])
    return true
  }) as typeof socket.emit
  socket.send = ((data: unknown, ...more: readonly unknown[]): void => {
    const message = numberedMessage(data)
    if (message === undefined) return send(data as string, ...more)
    const { type, number, rest } = message
    const one = byNumber.get(number)
    // Of a subscription that is over nothing more is said.
    if (one === undefined) return (more.at(-1) as (() => void) | undefined)?.()
    if (type !== 'next') end(one)
    // Not the id, which is the client's own and has to come back as it was.
    const said = rest.includes('"message":') ? `,${shown(`{${rest.slice(1)}`).slice(1)}` : rest
    send(`{"type":"${type}","id":${JSON.stringify(one.id)}${said}`, ...more)
  }) as typeof socket.send

  return {
    request,
    identity: () => identity,
    authorization: () => authorization,
    find(number) {
      const one = byNumber.get(number)
      return one?.prepared && { ...one.prepared, signal: one.ended }
    },
    close,
  }
}

type Opened = {
  readonly id: string
  readonly number: string
  readonly ended: Aborter
  /** Once its document was found and checked. */
  prepared: Extract<Prepared, { operation: unknown }> | undefined
}

/** The members of the first message as headers: credentials ride there as they do in a request. */
const headersOf = (payload: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isObject(payload) ? payload : {}).flatMap(([name, value]) => {
      const header = name.toLowerCase()
      if (typeof value === 'string') return [[header, value]]
      // Something is shown, and it is no credential.
      return header === 'authorization' && value !== undefined ? [[header, '']] : []
    }),
  )
