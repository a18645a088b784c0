import type { Sample } from './measure.ts'
import type { Workload } from './workloads.ts'

/** What a workload came to for one contestant: medians of its windows. */
export type Row = Omit<Sample, 'contestant'> & {
  readonly contestant: string
  /** CPU time against the peer's, both of the same round; the median of the rounds. */
  readonly ratio: number | undefined
}

export type Result = {
  readonly workload: string
  readonly title: string
  readonly goal: number
  readonly rows: readonly Row[]
}

/** Rows in the order of the workload's contestants, the peer first. */
export const summarise = ({ name, title, goal, contestants }: Workload, samples: readonly Sample[]): Result => {
  const of = (contestant: string): readonly Sample[] => samples.filter((sample) => sample.contestant === contestant)
  const peer = of(contestants[0]?.name ?? '')
  const rows = contestants.map((contestant): Row => {
    const own = of(contestant.name)
    const figure = (read: (sample: Sample) => number): number => median(own.map(read))
    const known = own.map(({ cpuMicroseconds }) => cpuMicroseconds).filter((value) => value !== undefined)
    const ratios = own.flatMap(({ cpuMicroseconds: cpu }, round) => {
      const against = peer[round]?.cpuMicroseconds
      return cpu === undefined || against === undefined ? [] : [cpu / against]
    })
    return {
      contestant: contestant.name,
      cpuMicroseconds: known.length === 0 ? undefined : median(known),
      requestsPerSecond: figure((sample) => sample.requestsPerSecond),
      p50Ms: figure((sample) => sample.p50Ms),
      p99Ms: figure((sample) => sample.p99Ms),
      upstreamCalls: figure((sample) => sample.upstreamCalls),
      peakMiB: Math.max(...own.map(({ peakMiB }) => peakMiB ?? Number.NaN)),
      ratio: ratios.length === 0 ? undefined : median(ratios),
    }
  })
  return { workload: name, title, goal, rows }
}

/** A Markdown table. */
export const markdown = ({ workload, title, goal, rows }: Result): string =>
  [
    `### ${workload}: ${title}`,
    '',
    `Goal: at most ${goal} × the peer's CPU time.`,
    '',
    '| | CPU µs/request | × peer | requests/s | p50 ms | p99 ms | peak MiB | upstream calls/request |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map((row) =>
      [
        '',
        ` ${row.contestant} `,
        ` ${fixed(row.cpuMicroseconds, 1)} `,
        ` ${fixed(row.ratio, 2)} `,
        ` ${fixed(row.requestsPerSecond, 0)} `,
        ` ${fixed(row.p50Ms, 2)} `,
        ` ${fixed(row.p99Ms, 2)} `,
        ` ${fixed(row.peakMiB, 0)} `,
        ` ${fixed(row.upstreamCalls, 2)} `,
        '',
      ].join('|'),
    ),
    '',
  ].join('\n')

/** The middle value; the mean of the two in the middle where their count is even. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? Number.NaN)) / 2 : upper
}

const fixed = (value: number | undefined, digits: number): string =>
  value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits)
