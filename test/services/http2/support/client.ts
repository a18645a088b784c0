import assert from 'node:assert/strict'
import { connect as connectTcp, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import { ClientConnection, type ConnectionOwner, type Reading } from '../../../../src/services/http2/connection.ts'
import { StreamError } from '../../../../src/services/http2/error.ts'
import type { Fields } from '../../../../src/services/http2/fields.ts'
import { headerBlock } from '../../../../src/services/http2/hpack/encoder.ts'
import type { ClientStream } from '../../../../src/services/http2/stream.ts'
import { framesIn, type PeerFrame, settings } from './frames.ts'

/** A client connected to a port, ready. */
export const connectClient = async (test: TestContext, port: number) => {
  const [ready, goaway, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), closing()]
  const connection = new ClientConnection(
    { onReady: ready.resolve, onGoaway: goaway.resolve, onClose: closed.resolve },
    (onread) => connectTcp({ host: '127.0.0.1', port, onread }),
  )
  test.after(() => connection.destroy())
  await Promise.race([ready.promise, closed.promise])
  return { connection, goaway: goaway.promise, closed: closed.promise }
}

const closing = () => Promise.withResolvers<Error | undefined>()

/** A client of a peer that the test plays: bytes in, frames out, and no network between. A blocked one is not read. */
export const offlineClient = ({ blocked = false }: { readonly blocked?: boolean } = {}) => {
  const sent: Buffer[] = []
  const told: string[] = []
  let reading: Reading | undefined
  const socket = Object.assign(
    new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        sent.push(Buffer.from(chunk))
        if (!blocked) done()
      },
    }),
    { ref: () => undefined, unref: () => undefined },
  )
  const owner: ConnectionOwner = {
    onReady: () => told.push('ready'),
    onGoaway: () => told.push('goaway'),
    onClose: (cause) => told.push(`closed${cause === undefined ? '' : `: ${cause.message}`}`),
  }
  const connection = new ClientConnection(owner, (given) => {
    reading = given
    return socket as unknown as Socket
  })
  return {
    connection,
    told,
    /** What the peer sends, in pieces that end at the given places. */
    receive: (bytes: Buffer, cuts: readonly number[] = []): void => {
      let start = 0
      for (const end of [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))]
        .sort((a, b) => a - b)
        .concat(bytes.length)) {
        for (let at = start; at < end; ) {
          const copied = bytes.copy(reading?.buffer() as Buffer, 0, at, end)
          reading?.callback(copied)
          at += copied
        }
        start = end
      }
    },
    /** The frames sent so far, without the preface. */
    sent: async (): Promise<readonly PeerFrame[]> => {
      await new Promise((resolve) => setImmediate(resolve))
      return framesIn(Buffer.concat(sent).subarray(prefaceBytes)).frames
    },
  }
}

const prefaceBytes = 24

export type Answer = { readonly head: Fields; readonly body: Buffer; readonly trailers: Fields | undefined }

export type Asking = {
  readonly fields?: Fields
  readonly body?: Buffer
  /** Takes bytes as they come, but for those it says. */
  readonly slow?: boolean
  readonly began?: (stream: ClientStream) => void
}

/** One request and its answer. Rejects with StreamError. */
export const ask = (connection: ClientConnection, asking: Asking = {}): Promise<Answer> =>
  new Promise((resolve, reject: (error: StreamError) => void) => {
    const { fields = [], body = Buffer.from('x'), slow = false, began } = asking
    let head: Fields = []
    let stream: ClientStream | undefined
    const parts: Buffer[] = []
    connection.request(
      { head: headerBlock([':method', 'POST', ':scheme', 'http', ':authority', 'peer', ':path', '/']), fields, body },
      {
        onStream(made) {
          stream = made
          began?.(made)
        },
        onHead: (read) => (head = read),
        onData(bytes, start, end) {
          parts.push(Buffer.from(bytes.subarray(start, end)))
          if (!slow) stream?.consumed(end - start)
        },
        onEnd: (trailers) => resolve({ head, body: Buffer.concat(parts), trailers }),
        onFailed: reject,
      },
    )
  })

/** The same, whose server has sent its settings. */
export const readyClient = (sent: Buffer = settings(), options?: Parameters<typeof offlineClient>[0]) => {
  const client = offlineClient(options)
  client.receive(sent)
  return client
}

/** Why a request failed, behind whether it may have been processed. */
export const failureOf = (asked: Promise<Answer>): Promise<string> =>
  asked.then(() => assert.fail('it was answered'), failureText)

/** What came of a request. */
export const outcomeOf = (asked: Promise<Answer>): Promise<Answer | string> => asked.catch(failureText)

const failureText = (thrown: unknown): string => {
  assert.ok(thrown instanceof StreamError, String(thrown))
  return `${thrown.unprocessed ? 'unprocessed' : 'processed or not'}: ${thrown.message}`
}
