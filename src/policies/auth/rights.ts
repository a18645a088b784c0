import { z } from 'zod'
import type { Identity } from '../../kernel/caller.ts'

const word = z.string().min(1)
const words = z.array(word).default([])
const value = z.union([z.string(), z.int(), z.boolean()])

/** Claims that the gateway itself makes of a holder. */
const own: readonly string[] = ['sub', 'key', 'plan']

/** What a file of keys or passwords says of a holder: what tokens say by their claims. */
export const rightsShape = {
  plan: word.optional(),
  scopes: words,
  roles: words,
  groups: words,
  claims: z
    .record(word, z.union([value, z.array(value)]))
    .refine((claims) => !Object.keys(claims).some((name) => own.includes(name)), {
      error: `The claims ${own.join(', ')} are the gateway’s to make.`,
    })
    .default({}),
}

const rights = z.strictObject(rightsShape)

export type Rights = z.output<typeof rights>

/** What is written of a holder, complete; or what is wrong with it, in words. */
export const readRights = (written: unknown): Rights | string => {
  const { success, data, error } = rights.safeParse(written)
  if (success) return data
  const [issue] = error.issues
  return `${z.core.toDotPath(issue?.path ?? [])}: ${issue?.message}`.replace(/^: /, '')
}

/** Rights as they are written down: without what says nothing. */
export const writtenRights = ({ plan, claims = {}, ...lists }: Partial<Rights>): Readonly<Record<string, unknown>> => ({
  ...(plan !== undefined && { plan }),
  ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined && list.length > 0)),
  ...(Object.keys(claims).length > 0 && { claims }),
})

export type Holder = {
  readonly provider: string
  readonly subject: string
  /** Of a key; no secret. */
  readonly keyId?: string
  readonly expiresAt?: number | undefined
}

/** Who shows the key or password of a holder. */
export const holderIdentity = (
  { provider, subject, keyId, expiresAt }: Holder,
  { plan, scopes, roles, groups, claims }: Rights,
): Identity => ({
  provider,
  subject,
  scopes: new Set(scopes),
  roles: new Set(roles),
  groups: new Set(groups),
  claims: Object.freeze({
    ...claims,
    sub: subject,
    ...(keyId !== undefined && { key: keyId }),
    ...(plan !== undefined && { plan }),
  }),
  expiresAt,
  ...(plan !== undefined && { plan }),
  ...(keyId !== undefined && { keyId }),
})
