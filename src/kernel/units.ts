const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration such as `800ms`, `1.5s`, `30s`, `5m`, `1h`, `1d`; undefined where it is none. */
export const parseDuration = (text: string): number | undefined =>
  scale(text, /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/, milliseconds)

const bytes: Readonly<Record<string, number>> = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 }

/** Bytes of a size such as `512KiB`, `1MiB`; undefined where it is none. */
export const parseSize = (text: string): number | undefined => scale(text, /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB)$/, bytes)

const scale = (text: string, form: RegExp, units: Readonly<Record<string, number>>): number | undefined => {
  const match = form.exec(text)
  const unit = match?.[2] === undefined ? undefined : units[match[2]]
  return unit === undefined ? undefined : Math.round(Number(match?.[1]) * unit)
}
