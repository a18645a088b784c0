import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { wireFaults } from './fault-server.ts'

/** A whole answer of the service, cut where its head ends. */
export type Answer = { readonly head: Buffer; readonly body: Buffer }

/** What becomes of an answer on its way to the gateway. */
export type AnswerFault = (to: Socket, answer: Answer) => void

export type FaultProxy = {
  readonly port: number
  /** Spoils every answer from now on by the fault of this name, or none; connections stay. */
  readonly spoil: (name: string | undefined) => Promise<void>
  /** Connections of the gateway that are open now. */
  readonly open: () => number
  /** Closes all connections as a service does that restarts. */
  readonly drop: () => void
  readonly close: () => Promise<void>
}

/** Long after what was written before has been read: a reset takes with it what nobody has read yet. */
const readMs = 30

const resetAfter =
  (part: (answer: Answer) => Buffer): AnswerFault =>
  (to, answer) =>
    void to.write(part(answer), () => setTimeout(() => to.resetAndDestroy(), readMs))

const endAfter =
  (part: (answer: Answer) => Buffer): AnswerFault =>
  (to, answer) =>
    void to.end(part(answer))

const drip =
  (start: (answer: Answer) => number): AnswerFault =>
  (to, answer) => {
    const bytes = Buffer.concat([answer.head, answer.body])
    let at = start(answer)
    to.write(bytes.subarray(0, at))
    const timer = setInterval(() => {
      if (at === bytes.length) clearInterval(timer)
      else to.write(bytes.subarray(at, ++at))
    }, dripMs)
    to.once('close', () => clearInterval(timer))
  }

/** So slow that a head, but not the small body, takes longer than the gateway waits. */
const dripMs = 30

const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1)
const nothing = Buffer.alloc(0)

/** What may happen to a connection, whatever is spoken on it. */
export const connectionFaults: Readonly<Record<string, AnswerFault>> = {
  'no answer': () => undefined,
  'a head, and no more': (to, { head }) => void to.write(head),
  'an answer that drips': drip(() => 0),
  'a body that drips': drip(({ head }) => head.length),
  'a reset before the head': resetAfter(() => nothing),
  'a reset in the middle of the head': resetAfter(({ head }) => half(head)),
  'a reset in the middle of the body': resetAfter(({ head, body }) => Buffer.concat([head, half(body)])),
  'an end before the head': endAfter(() => nothing),
  'an end in the middle of the head': endAfter(({ head }) => half(head)),
  'an end in the middle of the body': endAfter(({ head, body }) => Buffer.concat([head, half(body)])),
  garbage: (to) => void to.write(Buffer.from('\0\xff\x13garbage\n'.repeat(10), 'latin1')),
  'garbage behind the answer': (to, { head, body }) =>
    void to.write(Buffer.concat([head, body, Buffer.from('garbage\n'.repeat(10))])),
}

/** A fault too: there is nobody to connect to. */
export const refusal = 'nobody listens'

const faults: Readonly<Record<string, AnswerFault>> = { ...wireFaults, ...connectionFaults }

/**
 * A TCP proxy before a sound service: requests arrive there and can be counted, and what comes back is spoiled on
 * demand. `protocol` is what the two speak.
 */
export const startFaultProxy = async (servicePort: number, protocol: 'http1' | 'http2'): Promise<FaultProxy> => {
  let fault: AnswerFault | undefined
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (gateway) => {
    const service = connect(servicePort, '127.0.0.1')
    const take = protocol === 'http1' ? http1Answers() : http2Answers((bytes) => gateway.write(bytes))
    let spoiled = false
    sockets.add(gateway)
    gateway.on('data', (bytes) => service.write(bytes)).on('error', () => undefined)
    gateway.once('close', () => {
      sockets.delete(gateway)
      service.destroy()
    })
    gateway.once('end', () => gateway.destroy())
    service.on('error', () => undefined).once('close', () => spoiled || gateway.destroy())
    service.on('data', (bytes) => {
      if (spoiled) return
      if (fault === undefined) return void gateway.write(bytes)
      const answer = take(bytes)
      if (answer === undefined) return
      spoiled = true
      fault(gateway, answer)
    })
  })
  const port = await listen(server, 0)
  const drop = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port,
    async spoil(name) {
      if (name === refusal) {
        server.close()
        drop()
        await once(server, 'close')
        return
      }
      if (!server.listening) await listen(server, port)
      fault = name === undefined ? undefined : faults[name]
      if (name !== undefined && fault === undefined) throw new Error(`There is no fault ${name}.`)
    },
    open: () => sockets.size,
    drop,
    async close() {
      drop()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

const listen = async (server: Server, port: number): Promise<number> => {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Gives an answer once it is whole. */
type Take = (bytes: Buffer) => Answer | undefined

/** Answers that declare their length. */
const http1Answers = (): Take => {
  let all = nothing
  return (bytes) => {
    all = Buffer.concat([all, bytes])
    const end = all.indexOf('\r\n\r\n') + 4
    const [, length] = /^content-length: (\d+)/im.exec(all.toString('latin1', 0, end)) ?? []
    if (end < 4 || all.length < end + Number(length)) return undefined
    return { head: all.subarray(0, end), body: all.subarray(end) }
  }
}

const frameHead = 9
const headersFrame = 1
const endStream = 1

/** The first stream that is answered (RFC 9113 §4.1): its first frame is the head. Frames of the connection pass. */
const http2Answers = (pass: (bytes: Buffer) => void): Take => {
  let rest = nothing
  const frames: Buffer[] = []
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= frameHead && rest.length >= frameHead + rest.readUIntBE(0, 3)) {
      const frame = rest.subarray(0, frameHead + rest.readUIntBE(0, 3))
      rest = rest.subarray(frame.length)
      const [, , , type = 0, flags = 0] = frame
      if (frame.readUInt32BE(5) === 0 || (frames.length === 0 && type !== headersFrame)) pass(frame)
      else frames.push(frame)
      if (frames.length > 0 && type <= headersFrame && (flags & endStream) !== 0)
        return { head: frames[0] as Buffer, body: Buffer.concat(frames.slice(1)) }
    }
    return undefined
  }
}
