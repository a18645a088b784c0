import { isIP } from 'node:net'
import { inRanges } from '../../kernel/address-ranges.ts'
import { isLoopback } from '../admin.ts'

// RFC 1918, RFC 6598, RFC 3927 and RFC 4193.
const isPrivate = inRanges([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
])

/** Names that no public authority should vouch for: of one label, or below what RFC 6762, RFC 8375 and clusters use. */
const insideName = /^[^.]+$|\.(?:internal|local|svc|lan|home|intranet|private|corp|home\.arpa)$/i

/** Whether a host is of this machine or its own network, as far as its name tells. */
export const isInside = (host: string): boolean =>
  isLoopback(host) || (isIP(host) === 0 ? insideName.test(host) : isPrivate(host))

/**
 * Whose a host is, as far as its name tells: `inside` for this network, else its last two labels. Under suffixes such
 * as co.uk that takes strangers for one; a list of them would have to be kept up.
 */
export const domainOf = (host: string): string =>
  isInside(host) ? 'inside' : isIP(host) === 0 ? host.toLowerCase().split('.').slice(-2).join('.') : host
