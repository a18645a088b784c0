import type { Clock } from '../../../kernel/clock.ts'
import { Aborter } from '../../../kernel/signal.ts'
import { type CallContext, guarded } from '../../call.ts'
import { timeout } from '../../guards/timeout.ts'
import type { GrpcService } from '../../service.ts'
import type { Target } from '../../targets/target.ts'
import type { Endpoint } from './endpoint.ts'
import { GrpcFailure } from './failure.ts'
import { rpcMessage } from './rpc-messages.ts'
import { grpcStatus } from './status.ts'
import { wireStream } from './wire/stream.ts'
import { wireUnary } from './wire/unary.ts'

export type HealthTools = { readonly clock: Clock; readonly warn: (message: string) => void }

const firstRetryMs = 200
const mostRetryMs = 5_000
const pollMs = 5_000
/** A service without health checks may get some with its next release. */
const absentMs = 60_000
const checkWithinMs = 2_000

const serving = 1
const [request, response] = [rpcMessage('HealthCheckRequest'), rpcMessage('HealthCheckResponse')]

/**
 * Watches the health of one target (grpc.health.v1): by `Watch`, else by asking `Check` from time to time. Where
 * the service has neither, it counts as serving, and a warning says so once. Returns what ends the watch.
 */
export const watchHealth = (
  service: GrpcService,
  target: Target<Endpoint>,
  { clock, warn }: HealthTools,
): (() => void) => {
  const aborter = new Aborter()
  const connection = { service: { ...service, identity: 'none' as const }, targets: only(target), clock }
  const open = wireStream(connection, '/grpc.health.v1.Health/Watch')
  const check = guarded(wireUnary(connection, '/grpc.health.v1.Health/Check'), [
    timeout({ service: service.name, timeoutMs: checkWithinMs, clock }),
  ])
  const asked = Buffer.from(request.encode({ service: service.health?.service ?? '' }).finish())
  let warned = false

  const told = (message: Uint8Array): void => {
    target.checked((response.decode(message) as unknown as { readonly status: number }).status === serving, clock.now())
  }

  /** Watches until the stream ends. Whether it told anything. Throws Problem. */
  const watch = async (): Promise<boolean> => {
    const exchange = open([], endless(aborter))
    let any = false
    try {
      await exchange.send(asked)
      exchange.end()
      for await (const message of exchange.messages) {
        told(message)
        any = true
      }
      return any
    } catch (thrown) {
      exchange.cancel()
      if (any) return true
      throw thrown
    }
  }

  /** How long to wait before the next time, where there is no `Watch`. */
  const poll = async (): Promise<number> => {
    try {
      const { output } = await check({ message: asked, metadata: [] }, endless(aborter))
      told(output.message)
    } catch (thrown) {
      if (!isUnimplemented(thrown)) {
        // It answers, but not that it serves: Check says NOT_FOUND of a service it does not know.
        target.checked(false, clock.now())
        return pollMs
      }
      target.checked(true, clock.now())
      if (!warned) warn(`Service ${service.name} has no health service (grpc.health.v1): it counts as serving.`)
      warned = true
      return absentMs
    }
    return pollMs
  }

  const run = async (): Promise<void> => {
    let retryMs = firstRetryMs
    while (!aborter.aborted) {
      let wait = retryMs
      try {
        if (await watch()) retryMs = firstRetryMs
        wait = retryMs
      } catch (thrown) {
        if (isUnimplemented(thrown)) wait = await poll()
      }
      retryMs = Math.min(retryMs * 1.6, mostRetryMs)
      await pause(wait, aborter)
    }
  }
  void run()
  return () => aborter.abort()
}

const isUnimplemented = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.cause instanceof GrpcFailure && thrown.cause.code === grpcStatus.unimplemented

/** Its calls go to this target, and say nothing of how calls go. */
const only = (target: Target<Endpoint>) => ({ pick: () => target, began: ignored, ended: ignored })

const ignored = (): void => undefined

/** Health is asked for by nobody's order. */
const endless = (signal: Aborter): CallContext => ({
  signal,
  deadline: Number.POSITIVE_INFINITY,
  caller: { identity: undefined, address: '', requestId: '' },
  forward: {},
})

const pause = (milliseconds: number, aborter: Aborter): Promise<void> =>
  new Promise((resolve) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      aborter.removeEventListener('abort', onAbort)
      resolve()
    }, milliseconds).unref()
    aborter.addEventListener('abort', onAbort)
  })
