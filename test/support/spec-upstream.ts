import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { type Block, type Entry, readEntries } from './spec-page.ts'

/** What a service was asked, as its server saw it. */
export type SeenCall = {
  readonly upstream: string
  /** `GET /users/u-1`, or `shop.v1.Catalog/Get`. */
  readonly what: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  body: string
  /** Whether the gateway gave the call up before it was answered. */
  cancelled: boolean
  /** Whether the page says how to answer it. */
  readonly answered: boolean
}

export type Upstream = { readonly address: string; readonly close: () => Promise<void> }

/** `GET /users/u-1 → 200 after 50ms` or `after 2 calls`; `*` is any method or any target. */
const ruleHead =
  /^(?<method>[A-Z]+|\*) (?<target>\/\S*|\*) (?:→|->) (?<outcome>\d{3}|hang|reset|half)(?: after (?:(?<delay>\d+)ms|(?<calls>\d+) calls))?$/

/** A real HTTP server that answers as a page says; what nobody told it is a 404 and remembered as such. */
export const startHttpUpstream = async (
  name: string,
  { blocks, seen }: { readonly blocks: readonly Block[]; readonly seen: SeenCall[] },
): Promise<Upstream> => {
  const rules = blocks.flatMap((block) => readEntries(block, ruleHead))
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const { method = '', url = '' } = request
    const rule = rules.find(
      ({ head: { groups = {} } }) => fits(groups['method'], method) && fits(groups['target'], url),
    )
    const call: SeenCall = {
      upstream: name,
      what: `${method} ${url}`,
      headers: pairs(request.rawHeaders),
      body: '',
      cancelled: false,
      answered: rule !== undefined,
    }
    seen.push(call)
    void read(request, call).then(() => answer(rule, { call, response, seen }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An address where nobody listens. */
export const closedAddress = async (): Promise<string> => {
  const server = createSocketServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}

const fits = (wanted: string | undefined, found: string): boolean => wanted === '*' || wanted === found

const pairs = (raw: readonly string[]): [string, string][] =>
  Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? ''])

const read = async (request: IncomingMessage, call: SeenCall): Promise<void> => {
  request.setEncoding('utf8')
  try {
    for await (const chunk of request) call.body += String(chunk)
  } catch {
    call.cancelled = true
  }
}

type Exchange = { readonly call: SeenCall; readonly response: ServerResponse; readonly seen: readonly SeenCall[] }

const answer = (rule: Entry | undefined, { call, response, seen }: Exchange): void => {
  const { outcome = '404', delay = '0', calls = '1' } = rule?.head.groups ?? {}
  const own = outcome === 'reset' || outcome === 'half'
  let timer: NodeJS.Timeout | undefined
  response.once('close', () => {
    clearTimeout(timer)
    if (!response.writableFinished && !own) call.cancelled = true
  })
  if (Number(delay) > 0) timer = setTimeout(send, Number(delay))
  else send()
  function send(): void {
    if (seen.length < Number(calls)) {
      timer = setTimeout(send, 5)
      return
    }
    if (outcome === 'hang') return
    if (outcome === 'reset') return void response.socket?.destroy()
    if (outcome === 'half') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"id":', () => response.socket?.destroy())
      return
    }
    const { headers = [], body } = rule ?? {}
    const typed = headers.some(([header]) => header.toLowerCase() === 'content-type')
    const type = body === undefined || typed ? [] : ['content-type', 'application/json']
    response.writeHead(Number(outcome), [...type, ...headers.flat()]).end(body)
  }
}
