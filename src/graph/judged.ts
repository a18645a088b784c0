import { type Code, codeOfGrpc } from '../kernel/code.ts'
import { isRawNumber, type Json } from '../kernel/json.ts'
import { asProblem, Problem } from '../kernel/problem.ts'
import { shortened } from '../kernel/shortened.ts'
import { GrpcFailure } from '../services/grpc/client/failure.ts'
import { AnsweredStatus, badGateway } from '../services/rest/problems.ts'
import { type Answered, type Condition, holds, pathsOf, valueOf } from './condition.ts'
import type { Invoke } from './execute/loads.ts'
import type { Binding } from './graph.ts'
import { dig, textOf } from './template.ts'
import type { ErrorRule } from './verdicts.ts'

/** The same call, with answers that say that they are none as Problems. */
export const judged = (invoke: Invoke, { verdicts, request }: Binding): Invoke => {
  if (verdicts === undefined) return invoke
  const { errors, success } = verdicts
  const { service, kind } = request
  const failure = (rule: Omit<ErrorRule, 'when'>, cause: unknown, body: Json | undefined): Problem => {
    const { code } = rule
    const message = rule.message === undefined ? undefined : said(rule.message, body)
    if (code !== undefined)
      return new Problem(code, message ?? `Service ${service} answered ${code}.`, { service, cause })
    return message === undefined
      ? badGateway(service, 'failed', cause)
      : new Problem('UNAVAILABLE', message, { status: 502, service, cause })
  }
  return (rendered, context) =>
    invoke(rendered, context).then(
      (reply) => {
        const answered: Answered = {
          status: kind === 'grpc' ? 'OK' : reply.status,
          body: reply.output,
          header: reply.header,
        }
        const rule = errors.find(({ when }) => holds(when, answered))
        if (rule !== undefined) throw failure(rule, read(rule.when, answered), reply.output)
        if (success !== undefined && !holds(success, answered))
          throw failure({ code: undefined, message: undefined }, read(success, answered), reply.output)
        return reply
      },
      (error: unknown) => {
        const problem = asProblem(error)
        const status = statusSaid(problem)
        const said = problem.cause instanceof AnsweredStatus ? problem.cause.said : undefined
        const answered: Answered = { status, body: said?.body, header: said?.header }
        const rule = status === undefined ? undefined : errors.find(({ when }) => holds(when, answered))
        throw rule === undefined ? problem : failure(rule, problem.cause, said?.body)
      },
    )
}

/** Whether a binding looks at headers, or into the bodies of answers that are failures by their status. */
export const looksDeeper = ({ verdicts }: Binding): boolean =>
  verdicts !== undefined &&
  (verdicts.errors.some(
    ({ when, message = [] }) =>
      pathsOf(when).some(({ root }) => root !== 'status') || message.some((part) => typeof part !== 'string'),
  ) ||
    (verdicts.success !== undefined && pathsOf(verdicts.success).some(({ root }) => root === 'header')))

/** What a service said of a call that failed: an HTTP status, or a code of gRPC. */
export const statusSaid = ({ cause }: Problem): number | Code | undefined => {
  if (cause instanceof AnsweredStatus) return cause.status
  return cause instanceof GrpcFailure && cause.kind === 'status' ? codeOfGrpc(cause.code) : undefined
}

/** The longest text of a service that a message or a line of the log repeats. */
const longest = 200

const said = (parts: readonly (string | readonly string[])[], body: Json | undefined): string =>
  parts.map((part) => (typeof part === 'string' ? part : scalarText(dig(body, part) as Json | undefined))).join('')

/** What the log says of an answer that was judged a failure: the values that the condition reads, as JSON, in which rules on paths find them. */
const read = (condition: Condition, answered: Answered): string =>
  pathsOf(condition)
    .map((operand) => `${operand.root} is ${within(operand.path, described(valueOf(operand, answered)))}`)
    .join(', ')

const within = (path: readonly string[], value: string): string =>
  path.reduceRight((inner, name) => `{${JSON.stringify(name)}: ${inner}}`, value)

const mostMembers = 5

/** A value with the members it has itself: text of all that is nested would cost what a service makes it. */
const described = (value: Json): string => {
  if (value === null || typeof value !== 'object' || isRawNumber(value)) return quoted(value)
  if (Array.isArray(value)) return `"a list of ${value.length}"`
  const members = Object.entries(value as Readonly<Record<string, Json>>).slice(0, mostMembers)
  return `{${members.map(([name, inner]) => `${JSON.stringify(shortened(name))}: ${isScalar(inner) ? quoted(inner) : '"…"'}`).join(', ')}}`
}

const quoted = (value: Json): string =>
  typeof value === 'string' ? JSON.stringify(shortened(value, longest)) : textOf(value)

const isScalar = (value: Json): boolean => value === null || typeof value !== 'object' || isRawNumber(value)

const scalarText = (value: Json | undefined): string =>
  value === undefined || value === null || !isScalar(value) ? '' : shortened(textOf(value), longest)
