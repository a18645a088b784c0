import type { Graph } from '../../graph/graph.ts'
import { type Operation, worstCasePlan } from '../../graph/operation.ts'
import { inputsOf } from '../../graph/sharing/inputs.ts'
import type { Code } from '../../kernel/codes/codes.ts'
import { didYouMean } from '../../kernel/diagnostic.ts'

/** What caches may do with the whole answers of an endpoint. */
export type CachePlan = {
  /** The Cache-Control of whole answers (RFC 9111 §5.2.2). */
  readonly control: string
  /** Request headers that the answer depends on, in lower case. */
  readonly vary: readonly string[]
  /** Whether caches that several callers share may keep one. */
  readonly shared: boolean
}

/** What of a caller an answer depends on. */
export type CallerReads = {
  /** What makes it one caller's own; undefined where everybody gets the same. */
  readonly identity: string | undefined
  /** Headers that templates name, in lower case. */
  readonly headers: readonly string[]
}

/** Whether two callers may get different answers, every condition taken. */
export const callerReads = (graph: Graph, operation: Operation): CallerReads => {
  const inputs = inputsOf(worstCasePlan(graph, operation))
  if (!inputs.shareable) return { identity: `what cannot be known, for ${inputs.because}`, headers: [] }
  const { claims, headers, rules, credentials } = inputs
  const [claim] = claims
  const secret = headers.find((name) => name === 'authorization' || name === 'cookie')
  const identity =
    (claim && `claims.${claim.join('.')}`) ??
    (credentials ? 'the Authorization that a service gets' : undefined) ??
    (rules.some((rule) => !rule.public) ? 'what @auth lets the caller see' : undefined) ??
    (secret && `the header ${secret}`)
  return { identity, headers }
}

const plain: readonly string[] = [
  'public',
  'private',
  'no-cache',
  'no-store',
  'no-transform',
  'must-revalidate',
  'proxy-revalidate',
  'immutable',
]
const timed: readonly string[] = ['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']

/** Directives by which a shared cache may keep an answer to a request with Authorization (RFC 9111 §3.5). */
const shares: readonly string[] = ['public', 's-maxage', 'must-revalidate']

/**
 * The caching of an endpoint's answers: as its author says, else kept only to be asked for again. `report` is told
 * what is wrong with the text.
 */
export const readCache = (
  text: string | undefined,
  { identity, headers }: CallerReads,
  report: (code: Code, message: string) => undefined,
): CachePlan => {
  const personal = identity !== undefined
  const vary = [...new Set([...(personal ? ['authorization'] : []), ...headers])]
  if (text === undefined) return { control: personal ? 'private, no-cache' : 'no-cache', vary, shared: false }
  const names: string[] = []
  for (const part of text.split(',').map((one) => one.trim())) {
    const [name = '', value] = part.split('=', 2)
    names.push(name)
    if (plain.includes(name) && value === undefined) continue
    if (timed.includes(name) && /^\d{1,9}$/.test(value ?? '')) continue
    report(
      'PORTICO-609',
      timed.includes(name)
        ? `${name} takes seconds, such as ${name}=15.`
        : plain.includes(name)
          ? `${name} takes no value.`
          : `Cache-Control has no ${name === '' ? 'empty directive' : name}.${didYouMean(name, [...plain, ...timed])}`,
    )
  }
  const sharing = names.find((name) => shares.includes(name))
  const shared = sharing !== undefined && !names.includes('private')
  if (personal && shared)
    report(
      'PORTICO-703',
      `\`${sharing}\` lets caches give one caller's answer to another, but it depends on ${identity}: say private.`,
    )
  if (names.includes('public') && names.includes('private')) report('PORTICO-609', 'An answer is public or private.')
  return { control: text, vary, shared }
}
