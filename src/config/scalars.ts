import { isIP } from 'node:net'
import { z } from 'zod'
import { isSafeSource } from '../kernel/bounded-fetch.ts'
import { parseDuration, parseSize } from '../kernel/units.ts'

/** The scalar words of a workspace: what a reader writes, checked and turned into what code wants. */

type Form<T> = {
  /** What the reference and editors call it; `duration` and `size` are written with units. */
  readonly title: string
  readonly expected: string
  readonly pattern: RegExp
  readonly parse: (text: string) => T | undefined
}

const scalar = <T>({ title, expected, pattern, parse }: Form<T>) =>
  z
    .string({ error: `Expected ${expected}.` })
    .meta({ title, pattern: pattern.source })
    .transform((text, context) => {
      const value = parse(text)
      if (value !== undefined) return value
      context.addIssue({ code: 'custom', message: `Expected ${expected}.` })
      return z.NEVER
    })

/** A duration such as `800ms`, `30s`, `5m`; milliseconds after reading. */
export const duration = scalar({
  title: 'duration',
  expected: 'a duration such as 800ms, 30s, 5m, 1h or 1d',
  pattern: /^\d+(\.\d+)?(ms|s|m|h|d)$/,
  parse: parseDuration,
})

/** A size such as `16KiB`, `1MiB`; bytes after reading. */
export const size = scalar({
  title: 'size',
  expected: 'a size such as 512B, 16KiB, 1MiB or 1GiB',
  pattern: /^\d+(\.\d+)?(B|KiB|MiB|GiB)$/,
  parse: parseSize,
})

/** A share such as `20%`; between 0 and 1 after reading. */
export const share = scalar({
  title: 'share',
  expected: 'a share from 0% to 100%',
  pattern: /^\d{1,3}(\.\d+)?%$/,
  parse: (text) => (Number.parseFloat(text) <= 100 ? Number.parseFloat(text) / 100 : undefined),
})

export type HostPort = { readonly host: string; readonly port: number }

const parseHostPort = (text: string): HostPort | undefined => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/\s]+):(\d{1,5})$/.exec(text)
  if (match?.[1] === undefined || Number(match[2]) > 65_535) return undefined
  return { host: match[1].replace(/^\[|\]$/g, ''), port: Number(match[2]) }
}

/** `host:port`, IPv6 hosts in brackets; port 0 asks for a free one. */
export const hostPort = scalar({
  title: 'host:port',
  expected: 'host:port, such as 0.0.0.0:8080 or [::1]:8080',
  pattern: /^.+:\d{1,5}$/,
  parse: parseHostPort,
})

const parseHttpUrl = (text: string): URL | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')
  return plain && url.username === '' && url.password === '' && url.search === '' && url.hash === '' ? url : undefined
}

/** An http or https URL without credentials, query or fragment. */
export const httpUrl = scalar({
  title: 'URL',
  expected: 'an http:// or https:// URL without credentials, query or fragment',
  pattern: /^https?:\/\//,
  parse: parseHttpUrl,
})

/** The URL of a server that gets secrets: https, or plain HTTP on this machine. */
export const secureUrl = httpUrl.refine(isSafeSource, {
  error: 'Secrets go over https: over anything else, whoever is in between can read them.',
})

const parseCidr = (text: string): string | undefined => {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return undefined
  const most = family === 4 ? 32 : 128
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
    ? `${address}/${bits ?? most}`
    : undefined
}

/** An address range such as `10.0.0.0/8` or `fd00::/8`; a bare address is a range of one. */
export const cidr = scalar({
  title: 'address range',
  expected: 'an address range such as 10.0.0.0/8',
  pattern: /^[0-9a-fA-F:.]+(\/\d{1,3})?$/,
  parse: parseCidr,
})

/** A positive whole number. */
export const count = z.int({ error: 'Expected a whole number.' }).positive({ error: 'Expected a number above zero.' })

/** One value or a list of them; always a list after reading. */
export const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([z.array(item).min(1, { error: 'Expected at least one.' }), item.transform((value) => [value])])

/** A name of a service, BFF or provider: letters, digits and dashes. */
export const nameKey = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9-]*$/, { error: 'A name has letters, digits and dashes, and starts with a letter.' })
