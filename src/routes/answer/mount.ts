import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, RouteShorthandOptions } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { discardRest, leaveBodies } from '../discard.ts'
import { respondHeaders } from '../respond.ts'
import { rewritePath } from '../rewrite.ts'
import type { AnswerRoute, FixedAnswer, Redirect } from './compile.ts'

export type AnswerTools = {
  /** The hooks of a route's policies, and the route options by which their plugins know it. */
  readonly hooksFor: (route: AnswerRoute) => RouteShorthandOptions
  /** The address by which the app knows a route. */
  readonly addressFor: (route: AnswerRoute) => string
}

/** Puts the routes that need no service on the app. What a client sends is not read. */
export const mountAnswers = (
  app: FastifyInstance,
  routes: readonly AnswerRoute[],
  { hooksFor, addressFor }: AnswerTools,
): void => {
  if (routes.length === 0) return
  app.register(async (scope) => {
    leaveBodies(scope)
    for (const route of routes) {
      const { answer } = route
      const method = [...route.methods] as HTTPMethods[]
      const write = writerOf(answer)
      const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
        discardRest(request.raw)
        return write(request, reply)
      }
      scope.route({ method, url: addressFor(route), ...hooksFor(route), handler })
    }
  })
}

type Write = (request: FastifyRequest, reply: FastifyReply) => FastifyReply

const writerOf = (answer: AnswerRoute['answer']): Write => {
  if (answer.kind === 'redirect') return redirects(answer)
  if (answer.kind === 'respond') return responds(answer)
  const { message, headers } = answer
  return () => {
    throw new Problem('INVALID_ARGUMENT', message, { headers })
  }
}

const redirects =
  ({ status, origin, to, keepsQuery }: Redirect): Write =>
  ({ canonicalPath, url }, reply) => {
    const mark = keepsQuery ? url.indexOf('?') : -1
    return reply.redirect(origin + rewritePath(canonicalPath, to) + (mark < 0 ? '' : url.slice(mark)), status)
  }

const responds = (answer: FixedAnswer): Write => {
  const { status, body } = answer
  const all = respondHeaders(answer)
  return (_request, reply) =>
    reply
      .code(status)
      .headers(all)
      .send(body === '' ? undefined : body)
}
