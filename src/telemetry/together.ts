import { Registry } from '@prometheus-io/client'
import type { MetricsSnapshot, RenderedMetrics } from './metrics.ts'

/** The metrics of several processes as one: sums, but for gauges that say otherwise. */
export const renderTogether = async (snapshots: readonly MetricsSnapshot[]): Promise<RenderedMetrics> => {
  const registry = Registry.aggregate([...snapshots])
  return { contentType: registry.contentType, body: await registry.metrics() }
}

/** What a process that is gone leaves: what it counted stays counted, and what it was is no more. */
export const countedOf = (snapshots: readonly MetricsSnapshot[]): MetricsSnapshot =>
  Registry.aggregate([...snapshots])
    .getMetricsAsArray()
    .filter(({ type, aggregator }) => type !== 'gauge' && aggregator === 'sum')
    .map((metric) => ({ ...metric })) as unknown as MetricsSnapshot
