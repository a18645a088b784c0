import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import { listen } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

const gibibyte = 1_073_741_824
/** Gateway, service and client in one process: what their sockets, buffers and garbage may come to. */
const mostGrowth = 200_000_000

describe('a stream through a route', () => {
  for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
    it(`brings each event before the next one is made (${protocol})`, async (t) => {
      let next = (): void => undefined
      const { open } = await gateway(t, (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        let count = 0
        next = () => void response.write(`data: ${(count += 1)}\n\n`)
        next()
      })
      const { body, leave } = await open(protocol)
      for (const count of [1, 2, 3]) {
        const [chunk] = (await once(body, 'data')) as [Buffer]
        assert.equal(chunk.toString(), `data: ${count}\n\n`)
        next()
      }
      leave()
    })

    it(`tells the service when the client leaves (${protocol})`, async (t) => {
      const left = Promise.withResolvers<void>()
      const { open } = await gateway(t, (_request, response) => {
        response.on('close', () => left.resolve()).write('begun')
      })
      const { body, leave } = await open(protocol)
      await once(body, 'data')
      leave()
      await left.promise
    })
  }

  it('takes a gibibyte down to a reader that rests now and then, in no more memory than a small one', async (t) => {
    const { open } = await gateway(t, (_request, response) => {
      const chunk = Buffer.alloc(1_048_576)
      let sent = 0
      const write = (): void => {
        while (sent < gibibyte) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once('drain', write)
        }
        response.end()
      }
      write()
    })
    const { body } = await open('HTTP/1.1')
    const grown = watchMemory()
    let received = 0
    let rests = 0
    for await (const part of body as AsyncIterable<Buffer>) {
      received += part.length
      if (received / 100_000_000 > rests) {
        rests += 1
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    assert.equal(received, gibibyte)
    const bytes = grown()
    assert.ok(bytes < mostGrowth, `${bytes} bytes more than before`)
  })

  it('takes a gibibyte up to a reader that rests now and then, in no more memory than a small one', async (t) => {
    const { port } = await gateway(t, async (request, response) => {
      let received = 0
      let rests = 0
      for await (const part of request as AsyncIterable<Buffer>) {
        received += part.length
        if (received / 100_000_000 > rests) {
          rests += 1
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      }
      response.end(String(received))
    })
    const grown = watchMemory()
    const request = httpRequest({ port, host: '127.0.0.1', path: '/x', method: 'POST' })
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    const chunk = Buffer.alloc(1_048_576)
    for (let sent = 0; sent < gibibyte; sent += chunk.length) if (!request.write(chunk)) await once(request, 'drain')
    request.end()
    const [reply] = await answered
    const [text] = (await once(reply.setEncoding('utf8'), 'data')) as [string]
    assert.equal(Number(text), gibibyte)
    const bytes = grown()
    assert.ok(bytes < mostGrowth, `${bytes} bytes more than before`)
  })
})

describe('metrics', () => {
  it('grow by no path, host, method or request id, but by the statuses that there are', async (t) => {
    const { port, probes } = await gateway(t, (_request, response) => response.end())
    const ask = async (from: number, to: number): Promise<number> => {
      const socket = connect(port, '127.0.0.1').resume()
      const methods = ['GET', 'PUT', 'PROPFIND', 'SEARCH', 'M-SEARCH', 'PURGE']
      let bytes = ''
      for (let at = from; at < to; at += 1)
        bytes += `${methods[at % methods.length]} /p${at}/x HTTP/1.1\r\nHost: h${at}.example\r\nX-Request-Id: r${at}\r\nContent-Length: 0\r\n\r\n`
      socket.end(bytes)
      await once(socket, 'close')
      const text = await (await fetch(`http://127.0.0.1:${probes}/metrics`)).text()
      return text.split('\n').filter((line) => line.startsWith('portico_') || line.startsWith('http_')).length
    }
    const few = await ask(0, 60)
    const many = await ask(60, 3_000)
    assert.ok(many < few + 60, `${few} series became ${many}`)
  })
})

/** Says how much more memory the process took at most, since it was called. */
const watchMemory = (): (() => number) => {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 50)
  return () => {
    clearInterval(timer)
    return most - before
  }
}

type Opened = { readonly body: Readable; readonly leave: () => void }

const gateway = async (t: TestContext, answer: RequestListener) => {
  const server = createServer(answer)
  const origin = await listen(server)
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:0
drain: 1s
services:
  bytes: { rest: "${origin}", identity: none, timeout: 60s }
routes:
  - { path: /*, service: bytes, maxBody: 2GiB }
`,
  })
  const { url, gateway: started, close } = await startGateway(workspace.dir)
  const leaving: (() => void)[] = []
  t.after(async () => {
    for (const leave of leaving) leave()
    await close()
    server.closeAllConnections()
    server.close()
    await workspace.remove()
  })
  const open = async (protocol: 'HTTP/1.1' | 'HTTP/2'): Promise<Opened> => {
    if (protocol === 'HTTP/2') {
      const client = connectHttp2(url)
      const stream = client.on('error', () => undefined).request({ ':path': '/x' })
      leaving.push(() => client.destroy())
      await once(
        stream.on('error', () => undefined),
        'response',
      )
      return { body: stream, leave: () => stream.close(8) }
    }
    const request = httpRequest(`${url}/x`).on('error', () => undefined)
    leaving.push(() => request.destroy())
    const [reply] = (await once(request.end(), 'response')) as [IncomingMessage]
    return { body: reply.on('error', () => undefined), leave: () => request.destroy() }
  }
  return { open, port: started.listen.port, probes: started.probes?.port }
}
