import type { FastifyReply, FastifyRequest } from 'fastify'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import { isServiceFailure } from '../../services/guards/failure.ts'
import { discardRest } from '../discard.ts'
import { type Respond, respondHeaders } from '../respond.ts'
import type { Lane } from './lane.ts'
import type { Fallback, ProxyRoute } from './route.ts'
import { AnswerCopy, type StaleAnswer, type StaleAnswers, staleKey } from './stale.ts'
import { clientHeaders } from './translate.ts'

export type FallbackTools = {
  /** Passes a request on to the other service. */
  readonly askOther: ((lane: Lane, replaces: () => boolean) => Promise<unknown>) | undefined
  readonly stale: StaleAnswers
  readonly observe: (kind: 'service' | 'stale' | 'static') => void
}

/** The fallback of one route, for each of its requests. */
export const createFallback =
  (route: ProxyRoute, fallback: Fallback, tools: FallbackTools) =>
  (request: FastifyRequest, reply: FastifyReply): RequestFallback =>
    new RequestFallback(route, fallback, { ...tools, request, reply })

type Surroundings = FallbackTools & { readonly request: FastifyRequest; readonly reply: FastifyReply }

/** Of one request: what stands in for its answer, and the copy of a good answer for later ones. */
export class RequestFallback {
  readonly #fallback: Fallback
  readonly #around: Surroundings
  readonly #key: string | undefined
  readonly copy: AnswerCopy | undefined

  constructor(route: ProxyRoute, fallback: Fallback, around: Surroundings) {
    const { request, stale } = around
    this.#fallback = fallback
    this.#around = around
    const key = fallback.staleMs === undefined ? undefined : staleKey(request, route)
    this.#key = key
    if (key !== undefined) this.copy = new AnswerCopy(request.headers, (answer) => stale.keep(key, answer))
  }

  /** Whether something stands in for an answer by which the service says that it failed. */
  replaces(lane: Lane): boolean {
    return this.#own || (this.#around.askOther !== undefined && lane.mayGoElsewhere())
  }

  /** Whether the gateway itself has something. */
  get #own(): boolean {
    return this.#fallback.respond !== undefined || this.#stale() !== undefined
  }

  /** Answers in the place of a service that has failed. Rejects with what was thrown where nothing does. */
  async standIn(lane: Lane, thrown: unknown): Promise<void> {
    const { reply, request, observe } = this.#around
    const { respond } = this.#fallback
    if (lane.abandoned || reply.raw.headersSent || !isTrouble(thrown)) throw thrown
    if (await this.#other(lane, asProblem(thrown))) return
    if (reply.raw.destroyed) throw thrown
    lane.giveUp()
    const stale = this.#stale()
    if (stale !== undefined) {
      observe('stale')
      write(reply, { status: 200, kind: 'stale', headers: staleHeaders(stale), body: stale.body })
    } else if (respond !== undefined) {
      observe('static')
      write(reply, {
        status: respond.status,
        kind: 'static',
        headers: staticHeaders(respond),
        body: Buffer.from(respond.body),
      })
    } else throw thrown
    discardRest(request.raw)
  }

  /** Whether another service has answered. Throws what broke off in the middle of its answer. */
  async #other(lane: Lane, problem: Problem): Promise<boolean> {
    const { reply, askOther, observe } = this.#around
    if (askOther === undefined || !lane.mayGoElsewhere(problem)) return false
    reply.header(mark, 'service')
    try {
      await askOther(lane, () => this.#own)
      observe('service')
      return true
    } catch (failed) {
      if (reply.raw.headersSent) throw failed
      reply.removeHeader(mark)
      return false
    }
  }

  #stale(): StaleAnswer | undefined {
    const { staleMs } = this.#fallback
    const { stale, request } = this.#around
    if (this.#key === undefined || staleMs === undefined) return undefined
    return stale.recall(this.#key, request.headers, staleMs)
  }
}

const mark = 'portico-fallback'

/** The service is in trouble, or was not asked because it is. */
const isTrouble = (thrown: unknown): boolean => {
  const problem = asProblem(thrown)
  return problem.service !== undefined && (problem.refused || isServiceFailure(problem))
}

const staleHeaders = ({ headers, ageSeconds }: StaleAnswer): string[] => {
  const kept: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    if (name !== 'cache-control' && name !== 'age' && name !== 'expires' && name !== 'content-length')
      kept.push(name, headers[i + 1] as string)
  }
  // It is good enough for now, and not for later.
  return [...kept, 'cache-control', 'no-store', 'age', String(ageSeconds)]
}

const staticHeaders = (respond: Respond): string[] => {
  const headers = Object.entries(respondHeaders(respond)).flatMap(([name, value]) => [name.toLowerCase(), value])
  return headers.includes('cache-control') ? headers : [...headers, 'cache-control', 'no-store']
}

type Written = {
  readonly status: number
  readonly kind: 'static' | 'stale'
  readonly headers: string[]
  readonly body: Buffer
}

const write = (reply: FastifyReply, { status, kind, headers, body }: Written): void => {
  const bodiless = status === 204 || status === 304
  const length = bodiless ? [] : ['content-length', String(body.length)]
  reply.raw.writeHead(status, clientHeaders([...headers, ...length, mark, kind], reply))
  reply.raw.end(body)
}
