import type { RequestFacts } from './request-facts.ts'

/**
 * The value of Forwarded (RFC 7239 §4): an element for each address, client first. What was asked for stands once, with
 * the client, where services look that read the first of it and those that read the last.
 */
export const forwardedValue = ({ forwardedFor, proto, host }: RequestFacts): string =>
  forwardedFor
    .split(', ')
    .map((address, at) => `for=${node(address)}${at === 0 ? `;host=${quoted(host)};proto=${proto}` : ''}`)
    .join(', ')

const node = (address: string): string => (address.includes(':') ? `"[${address}]"` : address)

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
