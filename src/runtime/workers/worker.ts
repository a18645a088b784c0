import { createGateway, type Gateway, type GatewayOptions, type Prepared } from '../gateway.ts'
import type { Answers, FromWorker, Question, ToWorker } from './messages.ts'

/**
 * Serves a workspace as one of several workers, until its primary says that it ends, or is gone. Resolves with the
 * status to exit with. Signals are the primary's: a terminal sends them to workers, too.
 */
export const runWorker = async (options: GatewayOptions): Promise<0 | 1> => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  const { promise: drained, resolve: drain } = Promise.withResolvers<void>()
  const { promise: gone, resolve: leave } = Promise.withResolvers<1>()
  let draining = false
  process.on('disconnect', () => {
    // A primary that goes while its workers drain was told to go at once.
    if (draining) leave(1)
    drain()
  })
  let gateway: Gateway
  try {
    gateway = await createGateway({ ...options, worker: true })
  } catch (error) {
    await tell({ refused: (error as Error).message })
    return 1
  }
  const answers = answersOf(gateway)
  process.on('message', (message: ToWorker) => {
    if ('drain' in message) drain()
    else
      answers[message.ask]().then(
        (answer) => tell({ id: message.id, answer }),
        (error: unknown) => tell({ id: message.id, failed: (error as Error).message }),
      )
  })
  await tell({ opened: openedOf(gateway) })
  await drained
  draining = true
  return Promise.race([gateway.close().then(() => 0 as const), gone])
}

const answersOf = (gateway: Gateway): { readonly [Asked in Question]: () => Promise<Answers[Asked]> } => {
  let prepared: Prepared | undefined
  return {
    async prepare() {
      await prepared?.discard()
      prepared = await gateway.prepare()
      const { ok, diagnostics, why } = prepared
      return { ok, diagnostics, ...(why !== undefined && { why }) }
    },
    async commit() {
      prepared?.commit()
      prepared = undefined
      return openedOf(gateway)
    },
    async discard() {
      await prepared?.discard()
      prepared = undefined
      return null
    },
    readiness: async () => gateway.readiness(),
    services: async () => gateway.services(),
    metrics: () => gateway.metrics.snapshot(),
  }
}

const openedOf = (gateway: Gateway): Answers['commit'] => ({ listen: gateway.listen, files: gateway.files() })

/** Resolves once it is sent, or there is nobody to send it to. */
const tell = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve()
    else process.send(message, undefined, undefined, () => resolve())
  })
