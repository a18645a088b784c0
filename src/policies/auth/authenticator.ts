import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Identity } from '../../kernel/caller.ts'
import type { Diagnostic, Place } from '../../kernel/diagnostic.ts'
import { Problem } from '../../kernel/problem.ts'
import type { RouteHooks } from '../hooks.ts'
import type { CommonTools } from '../tools.ts'

/** What bears credentials: a request before its body, or the first message of a WebSocket, which has headers alone. */
export type Bearer = {
  readonly headers: IncomingHttpHeaders
  /** Path and query as the client sent them. */
  readonly url: string
  /** The same with a key that was taken from the query since; undefined where none was. */
  readonly sentUrl?: string | undefined
  /** `https` where the connection is secure to the gateway, or to a trusted proxy that says so. */
  readonly protocol: string
  readonly raw: { readonly rawHeaders: readonly string[]; readonly socket: Socket }
}

/** A provider of `auth:` while a generation serves. */
export type Authenticator = {
  /** How clients are asked for its credential: one challenge of WWW-Authenticate (RFC 9110 §11.6.1). */
  readonly challenge: string
  /**
   * Who shows its credential: at once where it is known, else in a promise. Undefined where the request bears none of
   * its kind. Throws or rejects with the Problem of a refused one; a Problem that is returned says that a credential
   * of its kind is there and not for this provider to judge: another may, and if none does, that is the answer.
   */
  readonly find: (bearer: Bearer) => Identity | Promise<Identity> | Problem | undefined
  /** What it puts on every route it guards, before anybody is asked for: a check of the body, a cookie, a redirect. */
  readonly hooks?: RouteHooks
}

export type ProviderContext = {
  /** The absolute path of the workspace; files are relative to it. */
  readonly workspaceDir: string
  /** The place of a value, by its path from the root of `portico.yaml`. */
  readonly placeOf: (path: readonly (string | number)[]) => Place
  /** Whether the workspace has a Redis. */
  readonly shared: boolean
  /** Whether the port asks clients for certificates. */
  readonly clientCertificates: boolean
  /** Ranges of proxies that are believed. */
  readonly trustedProxies: readonly string[]
}

/** The provider, unless a diagnostic is an error. */
export type CompiledProvider<Provider> = {
  readonly provider: Provider | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Files of the workspace it is made from. */
  readonly files: readonly string[]
}

export type AuthenticatorTools = CommonTools & {
  /** The app of the generation: for routes and plugins of the provider's own. */
  readonly app: FastifyInstance
}

/**
 * What is known of a provider's callers before they come: all of them, or what none of them has; anything may be true
 * of them where nothing is.
 */
export type Holders =
  | { readonly all: readonly Identity[]; readonly called: string }
  | { readonly never: readonly ('scopes' | 'roles' | 'groups')[] }
  | undefined

/** One kind of provider: a key of an entry of `auth:`, and what becomes of its settings. */
export type ProviderKind<Shape extends z.ZodType, Provider extends { readonly name: string }> = {
  /** The shape of an entry of `auth:` of this kind. */
  readonly config: Shape
  compile(name: string, config: z.output<Shape>, context: ProviderContext): Promise<CompiledProvider<Provider>>
  /** A Security Scheme Object (OpenAPI 3.1 §4.8.27). */
  scheme(provider: Provider): object
  holders(provider: Provider): Holders
  /** Once for each generation, before any route. */
  open(provider: Provider, tools: AuthenticatorTools): Authenticator | Promise<Authenticator>
}

export const defineProvider = <Shape extends z.ZodType, Provider extends { readonly name: string }>(
  kind: ProviderKind<Shape, Provider>,
): ProviderKind<Shape, Provider> => kind

/** Why a credential was refused, in a word for metrics and the audit log: never what a client sent. */
export type RefusalReason =
  | 'malformed'
  | 'ambiguous'
  | 'too large'
  | 'unknown scheme'
  | 'unknown issuer'
  | 'unknown key'
  | 'algorithm'
  | 'signature'
  | 'expired'
  | 'not yet valid'
  | 'claim'
  | 'revoked'
  | 'unknown credential'
  | 'insecure transport'
  | 'usage'

/** The cause of a refusal's Problem: logged, never sent. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
  }
}

/** A refused credential. `detail` names what is wrong, never what would be right; `challenge` asks for another. */
export const refused = (
  reason: RefusalReason,
  { detail, challenge, cause }: { readonly detail: string; readonly challenge: string; readonly cause?: unknown },
): Problem =>
  new Problem('UNAUTHENTICATED', detail, {
    headers: { 'www-authenticate': challenge },
    cause: new Refused(reason, cause),
  })

/** The same for credentials of one kind, such as `certificate`: each with its reason and a sentence on it. */
export const refusals =
  (credential: string, challenge: string) =>
  (reason: RefusalReason, sentence: string): Problem =>
    refused(reason, { detail: `The ${credential} was refused. ${sentence}`, challenge })

/** Credentials cannot be judged at the moment, and then nobody is let in by them. */
export const undecided = (detail: string, cause: unknown): Problem =>
  new Problem('UNAVAILABLE', detail, { headers: { 'retry-after': '2' }, cause })
