import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { until } from '../../support/until.ts'
import { grpcClient } from './support/grpc-client.ts'
import { httpClient } from './support/http-client.ts'

describe('a service as a process', () => {
  it('prints one line of JSON once it is ready', async (t) => {
    const { child, address, control, printed } = await processOf(t, 'users')
    assert.equal((await fetch(`${address}/users/u-1`)).status, 200)
    assert.equal((await fetch(`${control}/calls`)).status, 200)
    child.kill('SIGTERM')
    await once(child, 'close')
    assert.equal(printed(), `${JSON.stringify({ service: 'users', address, control })}\n`)
  })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends with 0 within a second of ${signal}, whatever hangs or is open (REST)`, async (t) => {
      const { child, address, control } = await processOf(t, 'orders')
      await once(new WebSocket(`${address}/orders/feed`), 'open')
      const { send, json } = httpClient(control)
      await send('PUT', '/faults', { mode: 'hang' })
      const hanging = assert.rejects(fetch(`${address}/orders`))
      await until(async () => (await json<{ calls: unknown[] }>('/calls')).calls.length === 2)
      assert.deepEqual(await stopped(child, signal), [0, null])
      await hanging
    })
  }

  it('ends with 0 within a second of SIGTERM, whatever hangs or is open (gRPC)', async (t) => {
    const { child, address, control } = await processOf(t, 'payments')
    const client = grpcClient(address, 'shop/payments/v1/payments.proto', 'shop.payments.v1.Payments')
    t.after(() => client.close())
    await once(client.watch('WatchPayment', { orderId: 'o-1' }), 'metadata')
    const { send, json } = httpClient(control)
    await send('PUT', '/faults', { mode: 'slow', delayMs: 60_000 })
    const slow = assert.rejects(client.call('GetPayment', { id: 'pay-1' }))
    await until(async () => (await json<{ calls: unknown[] }>('/calls')).calls.length === 2)
    assert.deepEqual(await stopped(child, 'SIGTERM'), [0, null])
    await slow
  })
})

async function processOf(t: TestContext, name: string) {
  const main = fileURLToPath(new URL(`../../../examples/shop/${name}/main.ts`, import.meta.url))
  const child = spawn(process.execPath, [main], { env: { ...process.env, PORT: '0' } })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await until(() => output.includes('\n'))
  const { address, control }: { address: string; control: string } = JSON.parse(output)
  return { child, address, control, printed: () => output }
}

async function stopped(child: ReturnType<typeof spawn>, signal: NodeJS.Signals): Promise<unknown[]> {
  const closed = once(child, 'close', { signal: AbortSignal.timeout(1_000) })
  child.kill(signal)
  return closed
}
