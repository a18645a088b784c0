import { createGateway, type Gateway, type GatewayOptions, type WorkspaceState } from '../gateway.ts'
import type { Prepared } from '../reloaded.ts'
import { resolverModules } from '../resolvers.ts'
import type { Answers, FromWorker, Opened, Question, ToWorker } from './messages.ts'

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
  const { promise: start, resolve: begin } = Promise.withResolvers<WorkspaceState>()
  let answers: AnswersOf | undefined
  process.on('message', (message: ToWorker) => {
    if ('drain' in message) drain()
    else if ('start' in message) begin(message.start)
    else
      answers?.[message.ask](message.state).then(
        (answer) => tell({ id: message.id, answer }),
        (error: unknown) => tell({ id: message.id, failed: (error as Error).message }),
      )
  })
  await tell({ here: true })
  const state = await Promise.race([start, drained])
  if (state === undefined) return 0
  let gateway: Gateway
  try {
    gateway = await createGateway({ ...options, worker: true, state })
  } catch (error) {
    await tell({ refused: (error as Error).message })
    return 1
  }
  answers = answersOf(gateway)
  await tell({ opened: openedOf(gateway) })
  await drained
  draining = true
  return Promise.race([gateway.close().then(() => 0 as const), gone])
}

type AnswersOf = { readonly [Asked in Question]: (state?: WorkspaceState) => Promise<Answers[Asked]> }

const answersOf = (gateway: Gateway): AnswersOf => {
  let prepared: Prepared | undefined
  return {
    async prepare(state) {
      await prepared?.discard()
      prepared = await gateway.prepare(state)
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

const openedOf = (gateway: Gateway): Opened => ({
  listen: gateway.listen,
  files: gateway.files(),
  modules: resolverModules(gateway.plan()),
})

/** Resolves once it is sent, or there is nobody to send it to. */
const tell = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve()
    else process.send(message, undefined, undefined, () => resolve())
  })
