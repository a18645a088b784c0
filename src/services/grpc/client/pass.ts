import { constants } from 'node:http2'
import { asProblem } from '../../../kernel/problem.ts'
import type { Signal } from '../../../kernel/signal.ts'
import type { CallContext } from '../../call.ts'
import { abortProblem } from '../../guards/aborted.ts'
import { NoTarget } from '../../targets/set.ts'
import type { Outcome, Target } from '../../targets/target.ts'
import type { Endpoint } from './endpoint.ts'
import { GrpcFailure } from './failure.ts'
import type { PassStream } from './pass-session.ts'
import { failureOfTarget, problemOfFailure } from './status.ts'
import type { Connection } from './wire/call.ts'

/** A call that is passed on: its path, and the lines of its head beside what HTTP/2 itself says. */
export type PassedRequest = { readonly path: string; readonly headers: readonly string[] }

/** The service's side of it, begun. Whoever has it tells how it ended, once. */
export type PassedCall = PassStream & { readonly ended: (outcome: Outcome) => void }

/** Begins a call at one of the service's targets, at another where one could not be reached. Rejects with Problem. */
export type PassOn = (request: PassedRequest, context: CallContext) => Promise<PassedCall>

/** A call that reached nobody is tried again elsewhere, so often in all. */
const mostAttempts = 3

export const passOn =
  ({ service, targets, affinity }: Connection): PassOn =>
  async ({ path, headers }, context) => {
    const tried = context.tried ?? []
    const attempt = async (left: number): Promise<PassedCall> => {
      let target: Target<Endpoint>
      try {
        target = await targets.pick(affinity?.(context), tried)
      } catch (thrown) {
        throw thrown instanceof NoTarget ? failureOfTarget(service, thrown) : asProblem(thrown)
      }
      if (context.signal.aborted) throw abortProblem(context.signal, service.name)
      tried.push(target)
      targets.began(target)
      try {
        const begun = await unlessAborted(target.link.passing.request(path, headers), context.signal, service.name)
        return { ...begun, ended: (outcome) => targets.ended(target, outcome) }
      } catch (thrown) {
        targets.ended(target, context.signal.aborted ? 'unknown' : 'unreached')
        if (!(thrown instanceof GrpcFailure)) throw asProblem(thrown)
        if (left === 0 || context.signal.aborted) throw problemOfFailure(service, thrown)
        return attempt(left - 1)
      }
    }
    return attempt(mostAttempts - 1)
  }

/** Nobody waits for a connection longer than for the call: what is begun too late is called off. */
const unlessAborted = (begun: Promise<PassStream>, signal: Signal, service: string): Promise<PassStream> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(abortProblem(signal, service))
      begun.then(({ stream }) => stream.on('error', ignored).close(constants.NGHTTP2_CANCEL), ignored)
    }
    signal.addEventListener('abort', onAbort)
    begun.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })

const ignored = (): void => undefined
