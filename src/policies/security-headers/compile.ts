import { type HeaderValues, safeHeaders } from '../../kernel/safe-headers.ts'
import type { SecurityHeadersConfig } from './config.ts'

export type Said = {
  /** Of the BFF or route. */
  readonly own: SecurityHeadersConfig | undefined
  /** Of the whole gateway. */
  readonly gateway: SecurityHeadersConfig | undefined
  /** Whether the gateway makes the answers of this place itself: these are guarded where nobody says a word. */
  readonly makes: boolean
}

/** The headers of a place: the safe ones, changed by what the gateway says, then by its own word. Undefined for none. */
export const compileSecurityHeaders = ({ own, gateway, makes }: Said): HeaderValues | undefined => {
  if ((own ?? gateway ?? makes) === false) return undefined
  const said = { ...membersOf(gateway), ...membersOf(own) }
  const values: Readonly<Record<string, string | false | undefined>> = { ...safeHeaders, ...said }
  const all = Object.entries(values).filter(
    ([name, value]) =>
      typeof value === 'string' &&
      // Browsers ask it before X-Frame-Options, whose own word would count for nothing.
      (name !== 'content-security-policy' || name in said || !('x-frame-options' in said)),
  )
  return Object.fromEntries(all) as HeaderValues
}

const membersOf = (config: SecurityHeadersConfig | undefined): Exclude<SecurityHeadersConfig, boolean> =>
  typeof config === 'object' ? config : {}
