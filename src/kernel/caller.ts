/** The verified identity of a request's caller: what a token or key proved, nothing a client merely said. */
export type Identity = {
  /** The auth provider of the workspace that verified it. */
  readonly provider: string
  readonly subject: string | undefined
  readonly scopes: ReadonlySet<string>
  /** What the claims say that the provider takes roles and groups from; none where it takes them from nowhere. */
  readonly roles?: ReadonlySet<string>
  readonly groups?: ReadonlySet<string>
  /** Every verified claim, as the token had it; of other credentials what is known of their holder. */
  readonly claims: Readonly<Record<string, unknown>>
  /** When the proof ends, in seconds since 1970 (JWT `exp`); undefined where it never does. */
  readonly expiresAt: number | undefined
  /** The plan its holder has, where the provider knows one. */
  readonly plan?: string | undefined
  /** The id of the API key that was shown; never a part of its secret. */
  readonly keyId?: string
  /** Who else the same request proved to be, where `auth` asks for several at once. */
  readonly beside?: readonly Identity[]
}

/** Who asks: made once by the auth policies, read by everything after. */
export type Caller = {
  readonly identity: Identity | undefined
  /** The client's address: the peer's, or what trusted proxies said of it. */
  readonly address: string
  readonly requestId: string
}

/** The user a credential names, told apart from one of the same name elsewhere; undefined where nobody is named. */
export const userOf = ({ identity }: Pick<Caller, 'identity'>): string | undefined =>
  identity?.subject === undefined ? undefined : `${identity.provider} ${identity.subject}`
