import type { Clock } from '../../kernel/clock.ts'
import { frozen } from '../../kernel/frozen.ts'
import type { Reply } from '../../services/call.ts'
import { abortProblem, deadlineProblem } from '../../services/guards/aborted.ts'
import { identityHeaders } from '../../services/identity/headers.ts'
import type { Invoke } from '../execute/loads.ts'
import type { Binding } from '../graph.ts'
import { looksDeeper } from '../judged.ts'
import { Flights } from './flights.ts'

export type SharedCallsOptions = {
  readonly service: string
  readonly clock: Clock
  /** Told of every call that was answered by another's. */
  readonly observe: (service: string) => void
}

/** The safe calls of one service that are in flight, for all BFFs of a generation. */
export type SharedCalls = {
  /** The same call, made once for all who ask the same at the same time. */
  share(binding: Binding, invoke: Invoke): Invoke
  /** What comes after a change asks anew. */
  forget(): void
}

/**
 * Identical safe calls in flight are one: the same request, and the same credentials where the service gets them.
 * The call itself is bound by the service's timeout alone; each who waits leaves at its own deadline, and the call
 * ends with the last. A failure of the call is everybody's: it would have been theirs.
 */
export const createSharedCalls = ({ service, clock, observe }: SharedCallsOptions): SharedCalls => {
  const flights = new Flights<Reply>((reply) => ({ ...reply, output: frozen(reply.output), shared: true }))
  return {
    forget: () => flights.forget(),
    share(binding, invoke) {
      const { forwards, told, exact, nothing, request } = binding
      const headers = told && identityHeaders(told)
      const asks = `${request.kind === 'rest' ? request.method : request.method.path} ${exact} ${nothing} ${looksDeeper(binding)}`
      return (rendered, context) => {
        const { signal, deadline, forward, caller } = context
        if (signal.aborted) return Promise.reject(abortProblem(signal, service))
        const left = deadline - clock.now()
        if (left <= 0) return Promise.reject(deadlineProblem(service))
        // A header value has no line breaks, so that nobody's credentials can end like another's request.
        const whose = forwards
          ? credentials(forward.authorization)
          : headers === undefined
            ? ''
            : JSON.stringify(headers(caller))
        const key = `${asks}\n${whose}\n${rendered.identity}`
        let flight = flights.find(key)
        if (flight === undefined) {
          flight = flights.start(key, Number.POSITIVE_INFINITY, (shared) =>
            invoke(rendered, { ...context, signal: shared, deadline: Number.POSITIVE_INFINITY }),
          )
        } else observe(service)
        return flight.wait({
          signal,
          gone: () => abortProblem(signal, service),
          ...(Number.isFinite(left) && { limit: { milliseconds: left, over: () => deadlineProblem(service) } }),
        })
      }
    },
  }
}

/** None is not the same as an empty one. */
const credentials = (authorization: string | undefined): string =>
  authorization === undefined ? '' : `=${authorization}`
