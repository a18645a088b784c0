import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Histogram, Registry } from '@prometheus-io/client'
import * as fc from 'fast-check'
import { Durations } from '../../src/telemetry/durations.ts'

describe('a histogram of durations', () => {
  it('says what that of the Prometheus client would', async () => {
    const observed = fc.tuple(fc.constantFrom('a', 'b"\\\n', ''), fc.integer({ min: 0, max: 200_000_000 }))
    await fc.assert(
      fc.asyncProperty(fc.array(observed), async (all) => {
        const registry = new Registry()
        const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
        const theirs = new Histogram({ name: 'x', help: 'Help.', labelNames: ['l'], buckets, registers: [registry] })
        const ours = new Durations('x', 'Help.')
        const series = new Map<string, ReturnType<Durations['series']>>()
        for (const [label, number] of all) {
          const milliseconds = number / 10_000
          theirs.labels(label).observe(milliseconds / 1_000)
          if (!series.has(label)) series.set(label, ours.series({ l: label }))
          series.get(label)?.observe(milliseconds)
        }
        assert.equal(ours.text(), await registry.metrics())
      }),
    )
  })
})
