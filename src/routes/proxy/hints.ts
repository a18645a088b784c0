import type { ServerResponse } from 'node:http'

/** One link of RFC 8288 §3 as Node's own check lets it pass; no two of its parts can take the same text. */
const link = /^<[^<>\s"]*>(?:\s*;\s*[A-Za-z*-]+(?:=(?:"[^";\s]*"|[^\s";,=]+))?)*$/

/** More of one answer are no hint. */
const mostLinks = 32

/**
 * Passes Early Hints (RFC 8297) on: links that can be read, and nothing else, for other headers of theirs say something
 * of the answer, which policies have yet to see. Not to clients of HTTP/1.0, which take them for the answer.
 */
export const passHints = (
  response: Pick<ServerResponse, 'headersSent' | 'writeEarlyHints' | 'req'>,
  headers: readonly string[],
): void => {
  if (response.headersSent || response.req.httpVersion === '1.0') return
  const links = linksOf(headers)
  if (links.length > 0) response.writeEarlyHints({ link: links })
}

const linksOf = (headers: readonly string[]): string[] => {
  const links: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i] === 'link') links.push(...apart(headers[i + 1] as string).filter((one) => link.test(one)))
  return links.slice(0, mostLinks)
}

/** The members of a list: commas stand in addresses and quotes too. */
const apart = (value: string): readonly string[] => {
  const members: string[] = []
  let from = 0
  let inside = ''
  for (let at = 0; at < value.length; at += 1) {
    const one = value[at] as string
    if (inside !== '') inside = one === inside ? '' : inside
    else if (one === '<') inside = '>'
    else if (one === '"') inside = '"'
    else if (one === ',') {
      members.push(value.slice(from, at).trim())
      from = at + 1
    }
  }
  return [...members, value.slice(from).trim()]
}
