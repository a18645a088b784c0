import type { HostPort } from '../../config/scalars.ts'
import type { Diagnostic } from '../../kernel/diagnostic.ts'
import type { Change } from '../../services/grpc/protos/change.ts'
import type { Appearance } from './appearance.ts'
import type { Examples } from './examples.ts'

/** What someone asks for who registers a gRPC service, or registers it anew. */
export type Registration = {
  readonly name: string
  /** The workspace; it is made where there is none. */
  readonly dir: string
  /** `host:port`; of a service that is there already the old one stays where this is absent. */
  readonly target: string | undefined
  /** TLS to the service, its files relative to the workspace; what it is now where this is absent. */
  readonly tls: Readonly<Partial<Record<'ca' | 'cert' | 'key', string>>> | undefined
  /** Where its definitions come from; those of before where this is absent. */
  readonly definitions: Definitions | undefined
  /** Where imports of proto files are looked up beside `protos/`. */
  readonly include: readonly string[]
  readonly identity: 'forward' | 'none' | undefined
  /** The BFF that shows it as GraphQL. */
  readonly expose: string | undefined
  /** The path below which it is served as REST, such as `/api/*`. */
  readonly route: string | undefined
}

export type Definitions =
  | { readonly from: 'proto'; readonly files: readonly string[] }
  | { readonly from: 'descriptors'; readonly file: string }
  | { readonly from: 'reflection' }

/** What a registration would do. Nothing is written yet. */
export type Registering = {
  /** Every mistake, and every doubt; with an error among them nothing may be written. */
  readonly diagnostics: readonly Diagnostic[]
  /** Whether the workspace would be new, and whether the service would. */
  readonly fresh: { readonly workspace: boolean; readonly service: boolean }
  /** What to write, by path below the workspace; `portico.yaml` comes last. Files that stay as they are are absent. */
  readonly files: ReadonlyMap<string, NewFile>
  /** Against what is registered now, for every service that the new files change. */
  readonly changes: readonly ServiceChange[]
  /** Undefined where there are errors. */
  readonly appearance: Appearance | undefined
  readonly examples: Examples | undefined
  /** Where the gateway will listen. */
  readonly listen: HostPort | undefined
}

export type NewFile = {
  readonly content: string | Uint8Array
  /** Where it is copied from, as the user would name it. */
  readonly from?: string
}

/** A change with the service of the workspace that it changes. */
export type ServiceChange = Change & { readonly service: string }
