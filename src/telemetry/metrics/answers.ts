import { Counter, Histogram, type Registry } from '@prometheus-io/client'
import { children } from './children.ts'

/** Of the answers of BFFs. */
export type AnswerMetrics = {
  /** An answer went out without a service's part. */
  readonly observePartial: (bff: string, service: string) => void
  /** An answer lacks values of a field, for one reason. */
  readonly observeMissing: (
    bff: string,
    missing: { readonly coordinate: string; readonly reason: string; readonly count: number },
  ) => void
  /** An operation of a BFF was answered by an identical one in flight. */
  readonly observeSharedOperation: (bff: string) => void
  /** The static cost of an operation, counted before it runs. */
  readonly observeCost: (bff: string, cost: number) => void
}

export const answerMetrics = (registry: Registry): AnswerMetrics => {
  const registers = [registry]
  const partials = new Counter({
    name: 'portico_partial_answers_total',
    help: 'Answers that went out without a service’s part.',
    labelNames: ['bff', 'service'],
    registers,
  })
  const missing = new Counter({
    name: 'portico_missing_values_total',
    help: 'Values that answers lack because something failed, by field and reason.',
    labelNames: ['bff', 'coordinate', 'reason'],
    registers,
  })
  const sharedOperations = new Counter({
    name: 'portico_shared_operations_total',
    help: 'Operations that were answered by an identical one in flight.',
    labelNames: ['bff'],
    registers,
  })
  const costs = new Histogram({
    name: 'portico_graphql_operation_cost',
    help: 'What operations cost by @cost and @listSize, before they run.',
    labelNames: ['bff'],
    buckets: [1, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 100_000],
    registers,
  })
  const sharedOperationChild = children((bff: string) => sharedOperations.labels(bff))

  return {
    observePartial: (bff, service) => partials.inc({ bff, service }),
    observeMissing: (bff, { coordinate, reason, count }) => missing.inc({ bff, coordinate, reason }, count),
    observeSharedOperation: (bff) => sharedOperationChild(bff).inc(),
    observeCost: (bff, cost) => costs.labels(bff).observe(cost),
  }
}
