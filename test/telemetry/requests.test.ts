import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as send } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import Fastify from 'fastify'
import { systemClock } from '../../src/kernel/clock.ts'
import { accessLog } from '../../src/telemetry/access-log.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { requestId } from '../../src/telemetry/request-id.ts'
import { observeRequests } from '../../src/telemetry/requests.ts'

describe('the access log', () => {
  it('writes one line for a request, with the subject and without the token', async (t) => {
    const { url, nextLine } = await gateway(t)
    const reply = await fetch(`${url}/users/7?page=2&token=s3cret`, {
      headers: { authorization: 'Bearer s3cret-token', 'x-request-id': 'req-1' },
    })
    const { length } = await reply.text()
    const { time, ms, bytes, ...line } = await nextLine()
    assert.ok(typeof time === 'string' && typeof ms === 'number' && ms > 0)
    assert.ok(Number(bytes) > length)
    assert.deepEqual(line, {
      level: 'info',
      service: 'portico',
      requestId: 'req-1',
      method: 'GET',
      path: '/users/7',
      query: '?page=2&token=[removed]',
      route: '/users/:id',
      status: 200,
      subject: 'ada',
      partial: 'payments',
      msg: 'request',
    })
  })

  it('counts a client that went away as 499', async (t) => {
    const { url, nextLine, arrived } = await gateway(t)
    const request = send(`${url}/hang`)
    request.on('error', () => undefined).end()
    await arrived
    request.destroy()
    assert.equal((await nextLine())['status'], 499)
  })

  it('says that an answer broke off on our side', async (t) => {
    const { url, nextLine } = await gateway(t)
    await assert.rejects(fetch(`${url}/broken`).then((reply) => reply.text()))
    const { status, truncated } = await nextLine()
    assert.deepEqual({ status, truncated }, { status: 200, truncated: true })
  })

  it('knows hijacked replies, bodies and unknown routes', async (t) => {
    const { url, nextLine } = await gateway(t)
    await (await fetch(`${url}/hijacked`, { method: 'POST', body: 'x'.repeat(1_000) })).text()
    const hijacked = await nextLine()
    assert.equal(hijacked['status'], 201)
    assert.ok(Number(hijacked['bytes']) > 5_000)
    await (await fetch(`${url}/nowhere`)).text()
    const { route, status } = await nextLine()
    assert.deepEqual({ route, status }, { route: null, status: 404 })
  })
})

describe('metrics', () => {
  it('count requests by method, pattern and status, never by what clients send', async (t) => {
    const { url, nextLine, metrics } = await gateway(t)
    for (const path of ['/users/1', '/users/2', '/nowhere/1', '/nowhere/2']) {
      await (await fetch(url + path)).text()
      await nextLine()
    }
    const request = send(`${url}/users/1`, { method: 'PROPFIND' }).end()
    const [reply] = (await once(request, 'response')) as [NodeJS.ReadableStream]
    reply.resume()
    await nextLine()
    const { contentType, body } = await metrics.render()
    assert.match(contentType, /^text\/plain/)
    assert.match(body, /http_server_request_duration_seconds_count\{method="GET",route="\/users\/:id",status="200"\} 2/)
    assert.match(body, /http_server_request_duration_seconds_count\{method="GET",route="unmatched",status="404"\} 2/)
    assert.match(body, /http_server_request_duration_seconds_count\{method="OTHER",route="unmatched",status="404"\} 1/)
    assert.doesNotMatch(body, /nowhere|PROPFIND/)
  })

  it('count calls, partial answers, reloads and refusals, beside those of the process', async () => {
    const metrics = createMetrics()
    metrics.observeCall({ service: 'users', outcome: 'OK', milliseconds: 4 })
    metrics.observeCall({ service: 'users', outcome: 'OK', milliseconds: 400 })
    metrics.observeCall({ service: 'users', outcome: 'DEADLINE_EXCEEDED', milliseconds: 800 })
    metrics.observePartial('web', 'payments')
    metrics.observeMissing('web', { coordinate: 'Order.payment', reason: 'TIMEOUT', count: 3 })
    metrics.observeReload('success', 2)
    metrics.observeReload('failure', 2)
    metrics.observeRateLimited('bffs.web', 'user-1m')
    const { body } = await metrics.render()
    for (const line of [
      'portico_upstream_call_duration_seconds_bucket{le="0.005",service="users",outcome="OK"} 1',
      'portico_upstream_call_duration_seconds_count{service="users",outcome="OK"} 2',
      'portico_upstream_call_duration_seconds_count{service="users",outcome="DEADLINE_EXCEEDED"} 1',
      'portico_partial_answers_total{bff="web",service="payments"} 1',
      'portico_missing_values_total{bff="web",coordinate="Order.payment",reason="TIMEOUT"} 3',
      'portico_config_reload_total{result="success"} 1',
      'portico_config_reload_total{result="failure"} 1',
      'portico_config_generation 2',
      'portico_rate_limited_total{scope="bffs.web",limit="user-1m"} 1',
    ]) {
      assert.ok(body.includes(line), line)
    }
    assert.match(body, /^nodejs_eventloop_lag_seconds /m)
    assert.match(body, /^process_cpu_seconds_total /m)
  })
})

const gateway = async (t: TestContext) => {
  const lines: string[] = []
  let wake = (): void => undefined
  const log = createLog({
    level: 'info',
    destination: {
      write(line) {
        lines.push(line)
        wake()
      },
    },
  })
  const metrics = createMetrics()
  const app = Fastify({
    forceCloseConnections: true,
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
  })
  t.after(() => app.close())
  observeRequests(app, systemClock, [metrics.observeRequest, accessLog(log)])
  app.decorateRequest('caller')
  app.addHttpMethod('PROPFIND')
  app.addHook('onRequest', async (request) => {
    const identity = { provider: 'p', subject: 'ada', scopes: new Set<string>(), claims: {}, expiresAt: undefined }
    request.caller = { identity, address: '127.0.0.1', requestId: request.id }
  })
  let arrive = (): void => undefined
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  app.get('/users/:id', (_request, reply) => reply.header('portico-partial', 'payments').send({ id: 7 }))
  app.get('/hang', (_request, reply) => {
    reply.hijack()
    arrive()
  })
  app.get('/broken', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-length': '100' }).write('a part')
    reply.raw.destroy(new Error('The service broke off.'))
  })
  app.post('/hijacked', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(201).end('x'.repeat(5_000))
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const nextLine = async (): Promise<Record<string, unknown>> => {
    while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return JSON.parse(lines.shift() ?? '') as Record<string, unknown>
  }
  return { url, nextLine, metrics, arrived }
}
