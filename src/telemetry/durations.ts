/** Upper bounds of the buckets, in seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

type Labels = Readonly<Record<string, string>>

export type DurationsSnapshot = {
  readonly name: string
  readonly help: string
  readonly type: 'histogram'
  readonly aggregator: 'sum'
  readonly values: readonly {
    readonly metricName: string
    readonly labels: Readonly<Record<string, string | number>>
    readonly value: number
  }[]
}

/** The durations of one set of labels. */
export class DurationSeries {
  /** By bucket, each without those below; the last is above all bounds. */
  readonly counts: number[] = [...bounds, Number.POSITIVE_INFINITY].map(() => 0)
  sum = 0

  observe(milliseconds: number): void {
    const seconds = milliseconds / 1_000
    let bucket = 0
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.sum += seconds
  }
}

/**
 * A histogram of durations in the Prometheus text format. Ours, for every request and call is observed: those of the
 * library look each series up by the text of its labels, each time.
 */
export class Durations {
  readonly #name: string
  readonly #help: string
  readonly #series: { readonly labels: string; readonly given: Labels; readonly series: DurationSeries }[] = []

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  /** A series of its own; to be asked for once for each set of labels. */
  series(labels: Labels): DurationSeries {
    const series = new DurationSeries()
    const text = Object.entries(labels).map(([name, value]) => `,${name}="${escaped(value)}"`)
    this.#series.push({ labels: text.join(''), given: labels, series })
    return series
  }

  /** As the library has its own histograms, so that it can add up those of several processes. */
  snapshot(): DurationsSnapshot {
    const name = this.#name
    const values = this.#series.flatMap(({ given, series }) => {
      let count = 0
      return [
        ...series.counts.map((own, bucket) => {
          count += own
          return { metricName: `${name}_bucket`, labels: { le: bounds[bucket] ?? '+Inf', ...given }, value: count }
        }),
        { metricName: `${name}_sum`, labels: given, value: series.sum },
        { metricName: `${name}_count`, labels: given, value: count },
      ]
    })
    return { name, help: this.#help, type: 'histogram', aggregator: 'sum', values }
  }

  text(): string {
    const name = this.#name
    const lines = [`# HELP ${name} ${this.#help}`, `# TYPE ${name} histogram`]
    for (const { labels, series } of this.#series) {
      let count = 0
      for (const [bucket, own] of series.counts.entries()) {
        count += own
        lines.push(`${name}_bucket{le="${bounds[bucket] ?? '+Inf'}"${labels}} ${count}`)
      }
      const only = labels.slice(1)
      lines.push(`${name}_sum{${only}} ${series.sum}`, `${name}_count{${only}} ${count}`)
    }
    return `${lines.join('\n')}\n`
  }
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
