import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import type { Answer } from './spec-compare.ts'
import { type Block, readEntries } from './spec-page.ts'
import { signToken } from './token.ts'

/** Sends a request as it is written: target and headers byte by byte; only host and framing are added. */
export const send = async (url: string, step: Block): Promise<Answer> => {
  const { method, target, headers, body } = await readRequest(step)
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  const framing: [string, string][] = [
    ...(given.has('host') ? [] : [['host', 'shop.test'] as [string, string]]),
    ...(given.has('content-length') || (body === undefined && !method.startsWith('P'))
      ? []
      : [['content-length', String(Buffer.byteLength(body ?? ''))] as [string, string]]),
  ]
  const { hostname, port } = new URL(url)
  const request = httpRequest({
    hostname,
    port,
    method,
    path: target,
    headers: [...framing, ...headers].flat() as never,
    agent: false,
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const { statusCode = 0, rawHeaders } = response
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  return {
    status: statusCode,
    headers: names.map((name, index) => [name, rawHeaders[2 * index + 1] ?? ''] as const),
    body: await readText(response),
  }
}

type Request = {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | undefined
}

/** `http request` is written out; `graphql request /web/graphql sub=u-1` is a document sent by POST, perhaps by a caller. */
const readRequest = async ({ words, text, line }: Block): Promise<Request> => {
  const [language, , target = '/graphql', ...claims] = words
  if (language === 'graphql') {
    const token = claims.length === 0 ? [] : ([['authorization', `Bearer {token ${claims.join(' ')}}`]] as const)
    const headers: [string, string][] = [['content-type', 'application/json']]
    for (const [name, value] of token) headers.push([name, await filled(value)])
    return { method: 'POST', target, headers, body: JSON.stringify({ query: await filled(text) }) }
  }
  const block = { words, line, text: await filled(text) }
  const [entry] = readEntries(block, /^(?<method>[A-Z]+) (?<target>\S+)$/)
  const { method = '', target: path = '' } = entry?.head.groups ?? {}
  return { method, target: path, headers: entry?.headers ?? [], body: entry?.body }
}

/** Fills in `{token sub=u-1 scope=shop}` and `{repeat 3 ab}`. */
export const filled = async (text: string): Promise<string> => {
  let result = text.replaceAll(/\{repeat (\d+) ([^}]*)\}/g, (_, times: string, what: string) =>
    what.repeat(Number(times)),
  )
  for (const [placeholder, words = ''] of result.matchAll(/\{token([^}]*)\}/g))
    result = result.replace(placeholder, await signToken(claimsOf(words)))
  return result
}

const claimsOf = (words: string): Record<string, unknown> =>
  Object.fromEntries(
    [...words.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = '', quoted, bare = '']) => [
      name,
      quoted ?? (/^\d+$/.test(bare) ? Number(bare) : bare),
    ]),
  )
