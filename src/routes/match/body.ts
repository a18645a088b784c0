import type { IncomingMessage } from 'node:http'
import { isRawNumber, type Json, numberText } from '../../kernel/json.ts'
import type { JsonLimits } from '../../kernel/json-mistake.ts'
import { parseRequestBody } from '../../kernel/json-request.ts'
import { Problem } from '../../kernel/problem.ts'

/** The largest body that is read to find a route: anybody may send one, before anybody is asked who he is. */
const largest = 65_536

/**
 * Reads a JSON body and puts its bytes back, for whoever the request is for. Null for one of another media type, and for
 * none. Rejects with Problem where it is too large or no JSON that all readers read alike; never settles where the
 * client leaves before.
 */
export const readJsonBody = async (raw: IncomingMessage, limits: JsonLimits): Promise<Json> => {
  const { headers } = raw
  const isJson = /^application\/(?:[\w.+-]+\+)?json[\t ]*(?:;|$)/i.test(headers['content-type'] ?? '')
  if (!isJson || (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)) return null
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Problem('INVALID_ARGUMENT', 'The body may not be compressed.', { status: 415 })
  if (headers['content-length'] === '0') return null
  const bytes = await readAndPutBack(raw)
  if (bytes.length > 0) return parseRequestBody(bytes, limits)
  // Nothing can be put back, and its end is told once: whoever the request is for must not wait for it.
  delete headers['transfer-encoding']
  headers['content-length'] = '0'
  return null
}

const readAndPutBack = (raw: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    // HTTP/2 tells the end only once nothing can be put back any more.
    const declared = Number(raw.headers['content-length'] ?? Number.NaN)
    const onReadable = (): void => {
      for (let chunk = raw.read() as Buffer | null; chunk !== null; chunk = raw.read() as Buffer | null) {
        chunks.push(chunk)
        size += chunk.length
      }
      if (size <= largest && size !== declared && !raw.complete && !(raw.readableEnded && size === 0)) return
      raw.off('readable', onReadable).off('end', onReadable)
      if (size > largest) return reject(tooLarge())
      const bytes = Buffer.concat(chunks)
      // In this turn: its end is told once nothing is left to read.
      if (size > 0) raw.unshift(bytes)
      resolve(bytes)
    }
    // Of a body without a byte, HTTP/2 may tell the end alone.
    raw.on('readable', onReadable).on('end', onReadable)
  })

const tooLarge = (): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `A body by which routes are told apart has ${largest} bytes at most.`, {
    status: 413,
  })

/** The text of a string, number or boolean at a path such as `customer.tier`; undefined for everything else. */
export const textAt = (body: Json, path: readonly string[]): string | undefined => {
  let value: Json | undefined = body
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined
    value = (value as { readonly [key: string]: Json })[name]
  }
  if (typeof value === 'number' || isRawNumber(value)) return numberText(value)
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined
}
