import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { eventStream, ndjson, type StreamFormat, writeStream } from '../../src/kernel/event-stream.ts'
import { Problem } from '../../src/kernel/problem.ts'
import { Aborter } from '../../src/kernel/signal.ts'

describe('a streamed answer', () => {
  it('has its head with the first item, and ends with the last', async (t) => {
    const { response } = await answered(t, ndjson, items('1', '2'))
    assert.equal(response.headers['content-type'], 'application/x-ndjson')
    assert.equal(await text(response), '1\n2\n')
  })

  it('has its head also where there is no item', async (t) => {
    const { response } = await answered(t, ndjson, items())
    assert.equal(await text(response), '')
  })

  it('has its head after a silence, and events a comment', async (t) => {
    const { response } = await answered(t, eventStream, silence())
    response.setEncoding('utf8')
    assert.deepEqual(await once(response, 'data'), [':\n\n'])
    response.destroy()
    const lines = await answered(t, ndjson, silence())
    assert.equal(lines.response.statusCode, 200)
    lines.response.destroy()
  })

  it('says in its own form that it was stopped', async (t) => {
    const stop = new Aborter()
    const { response } = await answered(t, eventStream, silence(), stop)
    stop.abort(new Problem('UNAVAILABLE', 'Ask again.'))
    assert.match(await text(response), /^(?::\n\n)+event: error\ndata: \{.*"UNAVAILABLE".*\}\n\n$/)
  })

  it('throws what fails before its head', async (t) => {
    const { thrown } = await answered(t, ndjson, {
      next: () => Promise.reject(new Problem('NOT_FOUND', 'Nothing.')),
    })
    assert.equal((thrown as Problem).code, 'NOT_FOUND')
  })

  it('ends the iteration when its reader leaves', async (t) => {
    const source = silence()
    const { response } = await answered(t, eventStream, source)
    response.destroy()
    await source.left
  })

  it('asks for the next item when there is room, and no sooner', async (t) => {
    let asked = 0
    const { response } = await answered(t, ndjson, {
      next: () => Promise.resolve({ done: false, value: `${(asked += 1)}${'x'.repeat(100_000)}` }),
    })
    response.pause()
    let before = -1
    while (asked !== before) {
      before = asked
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.ok(asked < 500, `${asked} items were asked for`)
    response.destroy()
  })
})

type Source = AsyncIterator<string, undefined>

const items = (...values: readonly string[]): Source => {
  const all = values[Symbol.iterator]()
  return { next: () => Promise.resolve(all.next()) }
}

/** Has nothing to say until it is left. */
const silence = (): Source & { readonly left: Promise<void> } => {
  let leave = (): void => undefined
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  return {
    left,
    next: () => left.then(() => ({ done: true, value: undefined })),
    return() {
      leave()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}

/** The answer of a server that streams the source, as a client sees it; a heartbeat is 20 ms. */
const answered = async (
  t: TestContext,
  { contentType, around: [before, after], failure, heartbeat }: StreamFormat,
  source: Source,
  stop = new Aborter(),
): Promise<{ readonly response: IncomingMessage; readonly thrown: unknown }> => {
  let thrown: unknown
  const server = createServer((_request, response: ServerResponse) => {
    writeStream(response, source, {
      begin: () => response.writeHead(200, { 'content-type': contentType }),
      item: (json) => `${before}${json}${after}`,
      failure: ({ code }) => failure(JSON.stringify({ code })),
      heartbeat,
      heartbeatMs: 20,
      stop,
    }).catch((reason: unknown) => {
      thrown = reason
      response.end()
    })
  }).listen(0, '127.0.0.1')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.on('error', () => undefined)
  return { response, thrown }
}
