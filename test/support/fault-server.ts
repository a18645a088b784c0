import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** Answers one request on a raw connection, in a way that no sound server would. */
export type Fault = (socket: Socket) => void

export type FaultServer = {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  /** Targets in the order in which they were asked for. */
  readonly asked: readonly string[]
  /** Connections that are open now. */
  readonly open: () => number
  /** Resolves when no connection is open any more. */
  readonly quiet: () => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * A service over raw sockets that does wrong on demand: `GET /a/drip` is answered by the fault `drip`, by the last
 * segment of the target. A name that is no fault is answered with `{}`.
 */
export const startFaultServer = async (faults: Readonly<Record<string, Fault>>): Promise<FaultServer> => {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) server.emit('quiet')
    })
    let head = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      head += text
      if (!head.includes('\r\n\r\n')) return
      const target = head.split(' ')[1] ?? ''
      head = ''
      asked.push(target)
      const fault = faults[decodeURIComponent(target.split('/').at(-1) ?? '')] ?? answered('{}')
      fault(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    open: () => sockets.size,
    async quiet() {
      if (sockets.size > 0) await once(server, 'quiet')
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const head = (lines: readonly string[]): string => `HTTP/1.1 ${lines.join('\r\n')}\r\n\r\n`
const jsonHead = (...lines: readonly string[]): string => head(['200 OK', 'content-type: application/json', ...lines])

/** A whole answer with these bytes and, after its type and length, these header lines. */
export const answered =
  (body: string | Buffer, ...lines: readonly string[]): Fault =>
  (socket) => {
    const bytes = Buffer.from(body as string)
    const typed = lines.some((line) => line.startsWith('content-type:')) ? [] : ['content-type: application/json']
    socket.write(head(['200 OK', ...typed, `content-length: ${bytes.length}`, ...lines]))
    socket.write(bytes)
  }

/** Exactly these bytes; the connection ends behind them where `end` says so. */
const raw =
  (text: string, { end = false } = {}): Fault =>
  (socket) =>
    void (end ? socket.end(text, 'latin1') : socket.write(text, 'latin1'))

/** The same piece over and over, as fast as it is taken. */
const endless =
  (start: string, piece: Buffer): Fault =>
  (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    }
    socket.on('drain', more)
    socket.write(start, 'latin1')
    more()
  }

const sound = '{"id":"t-1","name":"Ada"}'
const spaces = Buffer.alloc(65_536, ' ')

/** One byte each `ms`, of an answer that would be sound. */
const drip =
  (ms: number): Fault =>
  (socket) => {
    let at = 0
    const bytes = jsonHead(`content-length: ${sound.length}`) + sound
    const timer = setInterval(() => socket.write(bytes.charAt(at++)), ms)
    socket.once('close', () => clearInterval(timer))
  }

/** What breaks the message itself, by name. Proxied requests meet the same. */
export const wireFaults: Readonly<Record<string, Fault>> = {
  'no answer': () => undefined,
  'one byte a second': drip(1_000),
  'a reset before the head': (socket) => void socket.resetAndDestroy(),
  'a reset in the middle of the body': (socket) =>
    void socket.write(`${jsonHead('content-length: 1000')}{"id":`, () => socket.resetAndDestroy()),
  'an end in the middle of the body': raw(`${jsonHead('content-length: 1000')}{"id":"t-1"}`, { end: true }),
  'an end in the middle of a chunk': raw(`${jsonHead('transfer-encoding: chunked')}64\r\n{"id":`, { end: true }),
  'a length past the body': raw(`${jsonHead(`content-length: ${sound.length + 1}`)}${sound}`, { end: true }),
  'a length short of the body': raw(`${jsonHead(`content-length: ${sound.length - 1}`)}${sound}`),
  'two lengths': raw(`${jsonHead(`content-length: ${sound.length}`, 'content-length: 3')}${sound}`),
  'a length and chunks': raw(`${jsonHead('content-length: 3', 'transfer-encoding: chunked')}0\r\n\r\n`),
  'a carriage return in a header': raw(
    `${jsonHead('x: a\rset-cookie: stolen=1', `content-length: ${sound.length}`)}${sound}`,
  ),
  'a NUL in a header': raw(`${jsonHead('x: a\0b', `content-length: ${sound.length}`)}${sound}`),
  'a header without a name': raw(`${jsonHead(': a', `content-length: ${sound.length}`)}${sound}`),
  'a folded header': raw(`${jsonHead('x: a\r\n b', `content-length: ${sound.length}`)}${sound}`),
  '300 headers': raw(
    `${jsonHead(...Array.from({ length: 300 }, (_, index) => `x-${index}: a`), 'content-length: 2')}{}`,
  ),
  'a head without end': endless('HTTP/1.1 200 OK\r\nx: ', Buffer.alloc(65_536, 'a')),
  'interim answers without end': endless('', Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100))),
  'a body of 1 GiB': endless(`${jsonHead('content-length: 1073741824')}"`, spaces),
  'chunks without end': endless(
    jsonHead('transfer-encoding: chunked'),
    Buffer.concat([Buffer.from('10000\r\n'), spaces, Buffer.from('\r\n')]),
  ),
  'no HTTP': raw('SSH-2.0-OpenSSH_9.9\r\n', { end: true }),
}

/** Whole messages whose body cannot be read, by name. */
export const bodyFaults: Readonly<Record<string, Fault>> = {
  'a word': answered('upstream-secret'),
  'half of an object': answered('{"id":"t-1"'),
  'two values': answered('{"id":"t-1"}{"id":"t-2"}'),
  'a comment': answered('{"id":"t-1"/* upstream-secret */}'),
  'not a number': answered('{"id":"t-1","count":NaN}'),
  'a raw NUL in a text': answered('{"id":"t-1\0"}'),
  'only blanks': answered('   '),
  'utf-16, and says so': answered(Buffer.from(sound, 'utf16le'), 'content-type: application/json; charset=utf-16'),
  'utf-16, and does not say so': answered(Buffer.from(`\ufeff${sound}`, 'utf16le')),
  'latin1, and says so': answered(
    Buffer.from('{"id":"t-1","name":"Zoë"}', 'latin1'),
    'content-type: application/json; charset=iso-8859-1',
  ),
  'latin1, and does not say so': answered(Buffer.from('{"id":"t-1","name":"Zoë"}', 'latin1')),
  'half of a character': answered(Buffer.from('{"id":"t-1","name":"Zoë"}').subarray(0, -2)),
  HTML: answered('<p>upstream-secret</p>', 'content-type: text/html'),
  XML: answered('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 'content-type: application/xml'),
  'a bomb in gzip': answered(gzipSync(Buffer.alloc(50_000_000, ' ')), 'content-encoding: gzip'),
  'gzip in gzip': answered(gzipSync(gzipSync(sound)), 'content-encoding: gzip, gzip'),
  'gzip, and does not say so': answered(gzipSync(sound)),
  '304 to nobody who asked': (socket) => void socket.write(head(['304 Not Modified', 'etag: "1"'])),
  'a redirect': (socket) =>
    void socket.write(head(['302 Found', 'location: http://169.254.169.254/', 'content-length: 0'])),
}
