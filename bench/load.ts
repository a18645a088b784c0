import { connect, type Socket } from 'node:net'

/** What to ask for how long. Requests are taken in turn; each answer must be 200 with exactly the given body. */
export type LoadOrder = {
  readonly port: number
  readonly connections: number
  readonly warmupMs: number
  /** The window opens when so many have been answered, and not before: a busy machine warms code up later. */
  readonly warmupRequests: number
  readonly windowMs: number
  /** Each client waits up to so long, by chance, before it asks again: clients that ask in step make waves of their own. */
  readonly pauseMs?: number
  readonly requests: readonly { readonly text: string; readonly answer: string }[]
}

/** What came of it, as the process sends it: the window opened, the window closed, or an answer was wrong. */
export type LoadReport =
  | { readonly kind: 'opened' }
  | { readonly kind: 'closed'; readonly requests: number; readonly p50Ms: number; readonly p99Ms: number }
  | { readonly kind: 'failed'; readonly why: string }

type Wanted = { readonly bytes: Buffer; readonly answer: Buffer }

/**
 * The load generator, a process of its own: raw kept-alive sockets with one request each under way. Reads only what
 * the contestants send, which is HTTP/1.1 with Content-Length.
 */
const run = (order: LoadOrder): void => {
  const { port, connections, warmupMs, warmupRequests, windowMs, pauseMs = 0, requests } = order
  const wanted = requests.map(({ text, answer }) => ({ bytes: Buffer.from(text), answer: Buffer.from(answer) }))
  const sockets: Socket[] = []
  let latencies: number[] | undefined
  let turn = 0
  let answered = 0
  let over = false

  const end = (report: LoadReport): void => {
    if (over) return
    over = true
    for (const socket of sockets) socket.destroy()
    report_(report)
  }
  const open = (): void => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let current: Wanted
    let sentAt = 0
    let rest: Buffer | undefined
    const ask = (): void => {
      if (over) return
      current = wanted[turn++ % wanted.length] as Wanted
      sentAt = performance.now()
      socket.write(current.bytes)
    }
    socket.on('connect', ask)
    socket.on('data', (chunk: Buffer) => {
      const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
      const wrong = mistakeIn(bytes, current.answer)
      if (wrong === 'incomplete') {
        rest = bytes
        return
      }
      rest = undefined
      if (wrong !== undefined) return end({ kind: 'failed', why: wrong })
      latencies?.push(performance.now() - sentAt)
      answered += 1
      if (pauseMs === 0) ask()
      else setTimeout(ask, Math.random() * pauseMs)
    })
    socket.on('error', (error) => end({ kind: 'failed', why: error.message }))
    socket.on('close', () => end({ kind: 'failed', why: 'The contestant closed a connection.' }))
    sockets.push(socket)
  }

  for (let count = 0; count < connections; count += 1) open()
  const openWindow = (): void => {
    if (over) return
    if (answered < warmupRequests) return void setTimeout(openWindow, 50)
    latencies = []
    report_({ kind: 'opened' })
    setTimeout(closeWindow, windowMs)
  }
  const closeWindow = (): void => {
    const sorted = Float64Array.from(latencies ?? []).sort()
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    end({ kind: 'closed', requests: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) })
  }
  setTimeout(openWindow, warmupMs)
}

/** What is wrong with an answer; undefined when it is whole and right. */
const mistakeIn = (bytes: Buffer, answer: Buffer): string | undefined => {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return 'incomplete'
  const head = bytes.toString('latin1', 0, headEnd)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) return `An answer has no Content-Length: ${head}`
  const end = headEnd + 4 + Number(length)
  if (bytes.length < end) return 'incomplete'
  const right = head.startsWith('HTTP/1.1 200 ') && bytes.length === end
  if (right && bytes.compare(answer, 0, answer.length, headEnd + 4, end) === 0) return undefined
  return `Not the right answer: ${bytes.toString('utf8', 0, 600)}`
}

const report_ = (report: LoadReport): void => {
  process.send?.(report)
}

process.on('message', (order) => run(order as LoadOrder))
process.on('disconnect', () => process.exit())
process.send?.({ port: 0 })
