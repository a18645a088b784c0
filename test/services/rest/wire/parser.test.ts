import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { WireError } from '../../../../src/services/rest/wire/error.ts'
import { AnswerParser } from '../../../../src/services/rest/wire/parser.ts'

describe('the parser of answers', () => {
  it('reads what was sent, however the bytes are cut', () => {
    fc.assert(
      fc.property(anAnswer, fc.array(fc.nat()), ({ bytes, method, ...sent }, cuts) => {
        const wanted = { ...sent, outcome: sent.untilClose ? 'whole, closed' : 'whole' }
        assert.deepEqual(read(bytes, { method, cuts: [] }), wanted)
        assert.deepEqual(read(bytes, { method, cuts }), wanted)
        assert.deepEqual(read(bytes, { method, cuts: everywhere(bytes) }), wanted)
      }),
      { numRuns: 300 },
    )
  })

  it('judges broken bytes alike, however they are cut', () => {
    const mutation = fc.record({ at: fc.nat(), byte: fc.constantFrom(0, 9, 10, 13, 32, 44, 48, 58, 59, 65, 255) })
    fc.assert(
      fc.property(anAnswer, fc.array(mutation, { minLength: 1, maxLength: 3 }), ({ bytes, method }, mutations) => {
        const broken = Buffer.from(bytes)
        for (const { at, byte } of mutations) broken[at % broken.length] = byte
        const whole = read(broken, { method, cuts: [] })
        const cut = read(broken, { method, cuts: everywhere(broken) })
        assert.equal(cut.outcome.replace(', too much', ''), whole.outcome.replace(', too much', ''))
        if (whole.outcome.startsWith('whole')) assert.deepEqual(cut.body, whole.body)
      }),
      { numRuns: 500 },
    )
  })

  const ok = 'HTTP/1.1 200 OK\r\n'
  const malformed: Readonly<Record<string, string>> = {
    'no HTTP': 'SSH-2.0-OpenSSH_9.6\r\n',
    'HTTP/2': 'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP/1.2': 'HTTP/1.2 200 OK\r\n\r\n',
    'an empty line first': `\r\n${ok}\r\n`,
    'a status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
    'a status below 100': 'HTTP/1.1 099 OK\r\n\r\n',
    'two spaces before the status': 'HTTP/1.1  200 OK\r\n\r\n',
    'a NUL in the reason': 'HTTP/1.1 200 O\0K\r\n\r\n',
    'bare LFs': 'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
    'one bare LF': `${ok}a: b\nc: d\r\n\r\n`,
    'a bare CR in a value': `${ok}a: b\rc: d\r\n\r\n`,
    'a NUL in a value': `${ok}a: b\0\r\n\r\n`,
    'a control character in a value': `${ok}a: b\x01\r\n\r\n`,
    'a DEL in a value': `${ok}a: b\x7f\r\n\r\n`,
    'a line without a colon': `${ok}abc\r\n\r\n`,
    'a line without a name': `${ok}: b\r\n\r\n`,
    'a space in a name': `${ok}a b: c\r\n\r\n`,
    'a space before the colon': `${ok}Content-Length : 0\r\n\r\n`,
    'a tab before the colon': `${ok}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`,
    'a folded line': `${ok}a: b\r\n c\r\n\r\n`,
    'a name with characters of latin1': `${ok}\xe9: b\r\n\r\n`,
    'a length that is no number': `${ok}Content-Length: 1x\r\n\r\na`,
    'a signed length': `${ok}Content-Length: +1\r\n\r\na`,
    'a negative length': `${ok}Content-Length: -1\r\n\r\na`,
    'a hexadecimal length': `${ok}Content-Length: 0x1\r\n\r\na`,
    'an empty length': `${ok}Content-Length: \r\n\r\na`,
    'a list of lengths': `${ok}Content-Length: 1, 1\r\n\r\na`,
    'two different lengths': `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`,
    'two equal lengths': `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`,
    'a length past what numbers are exact for': `${ok}Content-Length: 9007199254740993\r\n\r\na`,
    'a length of many digits': `${ok}Content-Length: 00000000000000001\r\n\r\na`,
    'a length beside a coding': `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'a coding beside a length': `${ok}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    'a second coding': `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'chunked twice': `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'chunked before identity': `${ok}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'chunked and a comma': `${ok}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n`,
    'a coding nobody knows': `${ok}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    'an empty coding': `${ok}Transfer-Encoding:\r\n\r\n`,
    'chunks in HTTP/1.0': 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'another protocol': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
    'a head without end': `${ok}a: ${'b'.repeat(70_000)}`,
    'a head past the bound': `${ok}a: ${'b'.repeat(70_000)}\r\n\r\n`,
    'interim answers without end': 'HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n'.repeat(3_000),
    'too many headers': `${ok}${'a: b\r\n'.repeat(257)}\r\n`,
  }
  for (const [what, text] of Object.entries(malformed))
    it(`refuses ${what}`, () => {
      const bytes = Buffer.from(text, 'latin1')
      assert.equal(read(bytes, { cuts: [] }).outcome, 'malformed')
      if (bytes.length < 1_000) assert.equal(read(bytes, { cuts: everywhere(bytes) }).outcome, 'malformed')
    })

  const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
  const malformedChunks: Readonly<Record<string, string>> = {
    'no size': '\r\nabc\r\n0\r\n\r\n',
    'a size with a sign': '+3\r\nabc\r\n0\r\n\r\n',
    'a size with 0x': '0x3\r\nabc\r\n0\r\n\r\n',
    'a space before the size': ' 3\r\nabc\r\n0\r\n\r\n',
    'a space behind the size': '3 \r\nabc\r\n0\r\n\r\n',
    'a size of 2^56': '100000000000000\r\n',
    'a size line that ends in LF': '3\nabc\r\n0\r\n\r\n',
    'a chunk that is longer than said': '3\r\nabcd\r\n0\r\n\r\n',
    'a chunk that is shorter than said': '4\r\nabc\r\n0\r\n\r\n',
    'a chunk that ends in LF': '3\r\nabc\n0\r\n\r\n',
    'a bare CR in an extension': '3;a\rb\r\nabc\r\n0\r\n\r\n',
    'a bare LF in an extension': '3;a\nb\r\nabc\r\n0\r\n\r\n',
    'a NUL in an extension': '3;a\0\r\nabc\r\n0\r\n\r\n',
    'extensions without end': `3;${'a'.repeat(20_000)}`,
    'extensions of many chunks': `1;${'a'.repeat(100)}\r\na\r\n`.repeat(200),
    'a trailer that is none': '0\r\nabc\r\n\r\n',
    'a space before a trailer’s colon': '0\r\na : b\r\n\r\n',
    'a folded trailer': '0\r\na: b\r\n c\r\n\r\n',
    'a bare LF in a trailer': '0\r\na: b\nc: d\r\n\r\n',
    'a trailer without end': `0\r\na: ${'b'.repeat(20_000)}`,
  }
  for (const [what, text] of Object.entries(malformedChunks))
    it(`refuses chunks with ${what}`, () => {
      const bytes = Buffer.from(chunked + text, 'latin1')
      assert.equal(read(bytes, { cuts: [] }).outcome, 'malformed')
      assert.equal(read(bytes, { cuts: everywhere(bytes) }).outcome, 'malformed')
    })

  const bodiless: Readonly<Record<string, readonly [method: string, head: string]>> = {
    'a HEAD with a length': ['HEAD', `${ok}Content-Length: 10\r\n\r\n`],
    'a HEAD with chunks': ['HEAD', `${ok}Transfer-Encoding: chunked\r\n\r\n`],
    'a HEAD without either': ['HEAD', `${ok}\r\n`],
    '204': ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    '304 with a length': ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n'],
    'a length of 0': ['GET', `${ok}Content-Length: 0\r\n\r\n`],
  }
  for (const [what, [method, head]] of Object.entries(bodiless))
    it(`ends the answer with its head for ${what}`, () => {
      const { outcome, body } = read(Buffer.from(head), { method, cuts: [] })
      assert.deepEqual([outcome, body.length], ['whole', 0])
    })

  for (const [what, text] of Object.entries({
    'a length': `${ok}Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n`,
    chunks: `${chunked}2\r\n{}\r\n0\r\n\r\nx`,
    'no body': 'HTTP/1.1 204 No Content\r\n\r\nx',
  }))
    it(`says that bytes came after the end of an answer (${what})`, () => {
      assert.equal(read(Buffer.from(text), { cuts: [] }).outcome, 'whole, too much')
    })

  it('takes a status line without a reason, and without the space before it', () => {
    for (const line of ['HTTP/1.1 200 ', 'HTTP/1.1 200', 'HTTP/1.1 200 Très bien'])
      assert.equal(read(Buffer.from(`${line}\r\nContent-Length: 0\r\n\r\n`, 'latin1'), { cuts: [] }).outcome, 'whole')
  })

  it('knows from the version and Connection whether a connection stays open', () => {
    const persistent = (line: string, connection: string): boolean | undefined =>
      heads(`${line}\r\n${connection}Content-Length: 0\r\n\r\n`)[0]?.persistent
    assert.equal(persistent('HTTP/1.1 200 OK', ''), true)
    assert.equal(persistent('HTTP/1.1 200 OK', 'Connection: x\r\nconnection: a , Close\r\n'), false)
    assert.equal(persistent('HTTP/1.0 200 OK', ''), false)
    assert.equal(persistent('HTTP/1.0 200 OK', 'Connection: Keep-Alive\r\n'), true)
    assert.equal(persistent('HTTP/1.0 200 OK', 'Connection: keep-alive, close\r\n'), false)
  })

  it('reads how long the service keeps a connection', () => {
    const kept = (value: string): number | undefined =>
      heads(`${ok}Keep-Alive: ${value}\r\nContent-Length: 0\r\n\r\n`)[0]?.keepAliveMs
    assert.deepEqual(['timeout=5', 'max=9, timeout=60', 'timeout=x', 'xtimeout=5'].map(kept), [
      5_000,
      60_000,
      undefined,
      undefined,
    ])
  })
})

type Sent = {
  readonly bytes: Buffer
  readonly method: string
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
  readonly untilClose: boolean
}

const name = fc.stringMatching(/^[a-z][a-z0-9!#$%&'*+.^_`|~-]{0,12}$/).map((text) => `x-${text}`)
const value = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0xff })
    .filter((code) => code !== 0x7f && (code < 0x7f || code >= 0x80))
    .map((code) => String.fromCharCode(code)),
})
const blank = fc.constantFrom('', ' ', '\t', '  ')
const field = fc.tuple(name, blank, value, blank)
const interim = fc.constantFrom('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n')
const piece = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

/** An answer as it goes over the wire, and what it says. */
const anAnswer: fc.Arbitrary<Sent> = fc
  .record({
    interim: fc.array(interim, { maxLength: 2 }),
    method: fc.constantFrom('GET', 'GET', 'HEAD'),
    status: fc.constantFrom(200, 201, 204, 304, 404, 500),
    fields: fc.array(field, { maxLength: 4 }),
    pieces: fc.array(piece, { maxLength: 5 }),
    framing: fc.constantFrom('length', 'chunked', 'until_close'),
    extension: fc.constantFrom('', ';a', ';a="b c"', '; x=1'),
    trailer: fc.constantFrom('', 'x-sum: 1\r\n', 'a: b\r\nc:\r\n'),
    upper: fc.boolean(),
  })
  .map(({ interim: before, method, status, fields, pieces, framing, extension, trailer, upper }) => {
    const all = pieces.join('')
    const size = (one: string): string => (upper ? one.length.toString(16).toUpperCase() : one.length.toString(16))
    const chunks = pieces.filter(Boolean).map((one) => `${size(one)}${extension}\r\n${one}\r\n`)
    const [line, sent] = {
      length: [`Content-Length: ${all.length}\r\n`, all],
      chunked: ['Transfer-Encoding: Chunked\r\n', `${chunks.join('')}000${extension}\r\n${trailer}\r\n`],
      until_close: ['', all],
    }[framing] as [string, string]
    const bodiless = method === 'HEAD' || status === 204 || status === 304
    const lines = fields.map(([header, left, text, right]) => `${header}:${left}${text}${right}\r\n`).join('')
    const head = `HTTP/1.1 ${status} Reason\r\n${lines}${line}\r\n`
    return {
      bytes: Buffer.from(before.join('') + head + (bodiless ? '' : sent), 'latin1'),
      method,
      status,
      headers: [
        ...fields.flatMap(([header, , text]) => [header, text]),
        ...(framing === 'length' ? ['content-length', String(all.length)] : []),
        ...(framing === 'chunked' ? ['transfer-encoding', 'Chunked'] : []),
      ],
      body: bodiless ? '' : all,
      untilClose: framing === 'until_close' && !bodiless,
    }
  })

const everywhere = (bytes: Buffer): number[] => Array.from(bytes, (_, index) => index)

/** Reads bytes in pieces cut at the given places, then the end of the connection; gives all that was told. */
const read = (bytes: Buffer, { method = 'GET', cuts }: { method?: string; cuts: readonly number[] }) => {
  let status = 0
  let headers: readonly string[] = []
  let body = ''
  const endings: string[] = []
  const parser = new AnswerParser({
    onHead: (head) => ({ status, headers } = head),
    onData: (chunk) => {
      body += chunk.toString('latin1')
      return true
    },
    onEnd: (reusable) => {
      endings.push(reusable ? 'whole' : 'whole, too much')
    },
  })
  parser.begin(method)
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const told = (outcome: string) => ({ status, headers, body, untilClose: outcome === 'whole, closed', outcome })
  try {
    for (const [index, start] of [0, ...places].entries()) {
      const end = places[index] ?? bytes.length
      // The buffer is the connection's, and larger than what is read into it.
      const buffer = Buffer.alloc(Math.min(65_536, end - start + 40), 'HTTP/1.1 200 OK\r\n\r\n')
      for (let at = start; at < end && endings.length === 0; at += buffer.length)
        parser.read(buffer, bytes.copy(buffer, 0, at, Math.min(end, at + buffer.length)))
    }
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
    return told(error.code)
  }
  assert.ok(endings.length <= 1)
  if (endings[0] !== undefined) return told(endings[0])
  return told(parser.finish() ? 'whole, closed' : 'incomplete')
}

const heads = (text: string) => {
  const seen: { persistent: boolean; keepAliveMs: number | undefined }[] = []
  const parser = new AnswerParser({ onHead: (head) => seen.push(head), onData: () => true, onEnd() {} })
  parser.begin('GET')
  const bytes = Buffer.from(text, 'latin1')
  parser.read(bytes, bytes.length)
  return seen
}
