/** How long an endpoint, or a version of an API, is for. Times are seconds since 1970. */
export type Lifetime = {
  /** From when on it should not be used; may lie ahead. */
  readonly deprecated?: number | undefined
  /** From when on it may be gone. */
  readonly sunset?: number | undefined
  readonly successor?: string | undefined
  /** Where the deprecation is explained. */
  readonly notice?: string | undefined
}

/** The headers that every answer bears: Deprecation (RFC 9745), Sunset (RFC 8594) and Link (RFC 8288). */
export const lifetimeHeaders = ({
  deprecated,
  sunset,
  successor,
  notice,
}: Lifetime): Readonly<Record<string, string>> => {
  const about = [...(deprecated === undefined ? [] : ['deprecation']), ...(sunset === undefined ? [] : ['sunset'])]
  const links = [
    ...(successor === undefined ? [] : [`<${successor}>; rel="successor-version"`]),
    ...(notice === undefined ? [] : [`<${notice}>; rel="${about.join(' ')}"`]),
  ]
  return {
    ...(deprecated === undefined ? {} : { deprecation: `@${deprecated}` }),
    ...(sunset === undefined ? {} : { sunset: new Date(sunset * 1_000).toUTCString() }),
    ...(links.length === 0 ? {} : { link: links.join(', ') }),
  }
}

type Written = { readonly [argument in keyof Lifetime]: unknown }

/** What `@endpoint` or a version of `versions` says of its end; `report` is told what is wrong with an argument. */
export const readLifetime = (
  written: Written,
  report: (argument: keyof Lifetime, message: string) => undefined,
): Lifetime => {
  const time = (argument: 'deprecated' | 'sunset'): number | undefined => {
    const text = written[argument]
    if (text === undefined) return undefined
    return (
      isoTime(text) ??
      report(argument, `Expected a date such as "2027-01-01", or a time such as "2027-01-01T12:00:00Z".`)
    )
  }
  const link = (argument: 'successor' | 'notice'): string | undefined => {
    const text = written[argument]
    if (text === undefined) return undefined
    if (typeof text === 'string' && /^(https?:\/)?\/[\w.~:/?#[\]@!$&'()*+,;=%{}-]+$/.test(text))
      return text.replaceAll('{', '%7B').replaceAll('}', '%7D')
    return report(argument, 'Expected a path such as "/mobile/v2/orders" or a URL.')
  }
  const lifetime: Lifetime = {
    deprecated: time('deprecated'),
    sunset: time('sunset'),
    successor: link('successor'),
    notice: link('notice'),
  }
  const { deprecated, sunset } = lifetime
  if (deprecated !== undefined && sunset !== undefined && sunset < deprecated)
    report('sunset', 'It cannot be gone before it is deprecated (RFC 9745 §4): give a later time.')
  if (written.notice !== undefined && written.deprecated === undefined && written.sunset === undefined)
    report('notice', '`notice` explains `deprecated` or `sunset`: give one of them.')
  return lifetime
}

const isoForm = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))?$/

/** Seconds since 1970 of a date, at its first moment in UTC, or of a time (RFC 3339); undefined for anything else. */
const isoTime = (text: unknown): number | undefined => {
  const [, day, time = 'T00:00:00Z'] = isoForm.exec(typeof text === 'string' ? text : '') ?? []
  const ms = day === undefined ? Number.NaN : Date.parse(day + time)
  // The 31st of February would become a day of March.
  return Number.isNaN(ms) || new Date(`${day}T00:00:00Z`).toISOString().slice(0, 10) !== day ? undefined : ms / 1_000
}
