import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { ConnectionError } from '../../../src/services/http2/error.ts'
import { HeaderDecoder } from '../../../src/services/http2/hpack/decoder.ts'
import { headerBlock } from '../../../src/services/http2/hpack/encoder.ts'
import { ask, connectClient } from './support/client.ts'

describe('HPACK', () => {
  it('reads the examples of RFC 7541 C.5 and C.6, whose table of 256 bytes evicts', () => {
    for (const blocks of [plainExamples, huffmanExamples]) {
      const decoder = new HeaderDecoder(65_536)
      const sized = `3fe101 ${blocks[0]}`
      const read = [sized, ...blocks.slice(1)].map((hex) => {
        const bytes = bytesOf(hex)
        return decoder.decode(bytes, 0, bytes.length)
      })
      assert.deepEqual(read, exampleFields)
    }
  })

  it('reads what node:http2 writes, and writes what it reads', async (test) => {
    const { port, answer } = await echo(test)
    const { connection } = await connectClient(test, port)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(aName, aValue), { maxLength: 12 }), async (fields) => {
        const wanted = Object.fromEntries(fields)
        answer.headers = wanted
        const flat = Object.entries(wanted).flat()
        const { head } = await ask(connection, { fields: flat })
        assert.deepEqual(head.slice(2, flat.length + 2), flat)
        const seen = Object.keys(wanted).map((name) => [name, answer.seen[name]])
        assert.deepEqual(Object.fromEntries(seen), wanted)
      }),
      { numRuns: 300 },
    )
  })

  it('reads what it wrote itself', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(aName, aValue)), (fields) => {
        const flat = fields.flat()
        const bytes = headerBlock(flat)
        assert.deepEqual(new HeaderDecoder(Number.MAX_SAFE_INTEGER).decode(bytes, 0, bytes.length), flat)
      }),
    )
  })

  it('refuses bytes or reads them, and never anything else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (blocks) => {
        const decoder = new HeaderDecoder(4_096)
        for (const one of blocks) {
          try {
            const fields = decoder.decode(Buffer.from(one), 0, one.length)
            assert.ok(fields.every((text) => typeof text === 'string'))
          } catch (thrown) {
            assert.ok(thrown instanceof ConnectionError, String(thrown))
            return
          }
        }
      }),
      { numRuns: 3_000 },
    )
  })

  for (const [what, hex] of Object.entries({
    'index 0': '80',
    'an index in no table': 'be',
    'an integer without end': 'ffffffffffffffffff01',
    'an integer that breaks off': 'ff',
    'a string longer than its block': '00056162',
    'a string that breaks off': '0001610a62',
    'a name by an index in no table': '7e0161',
    'EOS in Huffman code': '000161 84ffffffff',
    'padding that is not of ones': '000161 8100',
    'padding of a whole byte': '000161 821fff',
    'a table larger than may be': '3fe21f',
    'a new size of the table behind a field': '8820',
  }))
    it(`refuses ${what}`, () => {
      const bytes = bytesOf(hex)
      assert.throws(() => new HeaderDecoder(65_536).decode(bytes, 0, bytes.length), ConnectionError)
    })

  it('forgets what it had in a table that was emptied', () => {
    const decoder = new HeaderDecoder(65_536)
    const read = (hex: string) => decoder.decode(bytesOf(hex), 0, bytesOf(hex).length)
    assert.deepEqual(read('4001610162 be'), ['a', 'b', 'a', 'b'])
    assert.throws(() => read('20 be'), ConnectionError)
  })

  for (const [what, field] of Object.entries({
    'a capital in a name': ['Name', 'x'],
    'a space in a name': ['na me', 'x'],
    'no name': ['', 'x'],
    'a colon inside of a name': ['na:me', 'x'],
    'a line break in a value': ['name', 'a\nb'],
    'a NUL in a value': ['name', 'a\0b'],
    'a value that begins with a space': ['name', ' a'],
    'a value that ends with a tab': ['name', 'a\t'],
  }))
    it(`says that ${what} is malformed, and reads on`, () => {
      const decoder = new HeaderDecoder(65_536)
      const bytes = headerBlock([...field, 'next', 'one'])
      assert.deepEqual(decoder.decode(bytes, 0, bytes.length), [...field, 'next', 'one'])
      assert.equal(decoder.malformed, true)
      assert.deepEqual(decoder.decode(headerBlock(['a', 'b']), 0, 5), ['a', 'b'])
      assert.equal(decoder.malformed, false)
    })

  it('keeps no more of a list than its bound, and the table right all the same', () => {
    const decoder = new HeaderDecoder(200)
    // Adds a field of 100 bytes to the table, and names it a thousand times.
    const large = Buffer.concat([
      bytesOf('400161'),
      Buffer.from([100]),
      Buffer.alloc(100, 'v'),
      Buffer.alloc(1_000, 0xbe),
    ])
    assert.ok(decoder.decode(large, 0, large.length).length <= 4)
    assert.equal(decoder.oversize, true)
    assert.deepEqual(decoder.decode(bytesOf('be'), 0, 1), ['a', 'v'.repeat(100)])
    assert.equal(decoder.oversize, false)
  })
})

const aName = fc
  .tuple(fc.constantFrom('x-', 'grpc-', 'a', 'cache-control-'), fc.stringMatching(/^[a-z0-9_.!#$%&'*+^`|~-]{1,20}$/))
  .map(([start, end]) => start + end)

/** Any byte that a value may hold, and some more than once, so that tables are used. */
const aValue = fc.oneof(
  fc.constantFrom('', 'application/grpc', 'gzip, deflate', '0'),
  fc
    .array(fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), { maxLength: 300 })
    .map((bytes) => Buffer.from(bytes).toString('latin1')),
)

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

const plainExamples = [
  '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  '4803 3330 37c1 c0bf',
  '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
]
const huffmanExamples = [
  '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
  '4883 640e ffc1 c0bf',
  '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
]
const exampleFields = [
  [
    ':status',
    '302',
    'cache-control',
    'private',
    'date',
    'Mon, 21 Oct 2013 20:13:21 GMT',
    'location',
    'https://www.example.com',
  ],
  [
    ':status',
    '307',
    'cache-control',
    'private',
    'date',
    'Mon, 21 Oct 2013 20:13:21 GMT',
    'location',
    'https://www.example.com',
  ],
  [
    ':status',
    '200',
    'cache-control',
    'private',
    'date',
    'Mon, 21 Oct 2013 20:13:22 GMT',
    'location',
    'https://www.example.com',
    'content-encoding',
    'gzip',
    'set-cookie',
    'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ],
]

/** A server of node:http2 that tells what headers came and sends those it is given. */
const echo = async (test: TestContext) => {
  const server = createServer()
  const answer: { headers: Record<string, string>; seen: IncomingHttpHeaders } = { headers: {}, seen: {} }
  server.on('stream', (stream, headers) => {
    answer.seen = headers
    stream.respond({ ':status': 200, ...answer.headers }, { endStream: true })
    stream.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, answer }
}
