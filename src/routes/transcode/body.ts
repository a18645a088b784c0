import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { discardRest } from '../discard.ts'

/** What a body may be: JSON, JSON lines, or bytes of any kind. */
export type BodyKind = 'json' | 'lines' | 'raw'

const takes = {
  json: { types: ['application/json'], detail: 'The body should be application/json in UTF-8.' },
  lines: {
    types: ['application/x-ndjson', 'application/ndjson', 'application/jsonl'],
    detail: 'The body should be application/x-ndjson in UTF-8: one JSON message a line.',
  },
}

const utf8 = /^charset="?utf-?8"?$/i

/** Refuses a body that is not of a kind, or is compressed, with 415 (RFC 9110 §15.5.16). */
export const checkBody = ({ headers }: FastifyRequest, kind: BodyKind): void => {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw unsupported('The body may not be compressed.')
  if (kind === 'raw') return
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(';').map((part) => part.trim())
  const charsets = parameters.filter((parameter) => /^charset=/i.test(parameter))
  if (!takes[kind].types.includes(type.toLowerCase()) || !charsets.every((charset) => utf8.test(charset)))
    throw unsupported(takes[kind].detail)
}

const unsupported = (detail: string): Problem => new Problem('INVALID_ARGUMENT', detail, { status: 415 })

const tooLarge = (limit: number): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `The request body is larger than the ${limit} bytes this route takes.`, {
    status: 413,
  })

/** Reads a whole body of at most so many bytes; what is too large is refused as soon as that is known. */
export const readWhole = (
  source: IncomingMessage,
  limit: number,
  done: (error: Problem | null, body?: Buffer) => void,
): void => {
  if (Number(source.headers['content-length'] ?? 0) > limit) {
    discardRest(source)
    done(tooLarge(limit))
    return
  }
  const chunks: Buffer[] = []
  let size = 0
  const onData = (chunk: Buffer): void => {
    size += chunk.length
    if (size <= limit) {
      chunks.push(chunk)
      return
    }
    source.off('data', onData).off('end', onEnd)
    discardRest(source)
    done(tooLarge(limit))
  }
  const onEnd = (): void => done(null, Buffer.concat(chunks))
  source.on('data', onData).once('end', onEnd)
}

/**
 * The lines of a body as they come, without empty ones, each of at most so many bytes. Bytes are read as lines are
 * asked for. Throws Problem RESOURCE_EXHAUSTED for a longer line; a client that breaks off throws Node's own error.
 */
export async function* linesOf(source: IncomingMessage, longest: number): AsyncGenerator<Buffer, void, void> {
  let parts: Buffer[] = []
  let length = 0
  // Leaving early must not destroy the request, for its connection still has to carry the answer.
  for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const line = lineOf([...parts, chunk.subarray(from, at)], longest)
      if (line !== undefined) yield line
      parts = []
      length = 0
      from = at + 1
    }
    if (from === chunk.length) continue
    length += chunk.length - from
    if (length > longest) throw tooLongLine(longest)
    parts.push(chunk.subarray(from))
  }
  const last = lineOf(parts, longest)
  if (last !== undefined) yield last
}

const newline = 0x0a

const lineOf = (parts: readonly Buffer[], longest: number): Buffer | undefined => {
  const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  if (whole.length > longest) throw tooLongLine(longest)
  return whole.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09) ? undefined : whole
}

const tooLongLine = (longest: number): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `A line of the body is longer than the ${longest} bytes this route takes.`, {
    status: 413,
  })
