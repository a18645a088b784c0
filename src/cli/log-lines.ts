import { styleText } from 'node:util'

type Line = { readonly level: string; readonly time: string; readonly msg?: string; readonly [key: string]: unknown }

/** What the access log says of a request. */
type Request = {
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly status: number
  readonly ms: number
  readonly partial?: string
}

const colours = { warn: 'yellow', error: 'red', fatal: 'red' } as const

/** A line of the log for people: time, what happened, and the rest as name=value. Mistakes are told apart from it, with their places. */
export const readableLine = (json: string, coloured: boolean): string => {
  const {
    level,
    time,
    msg = '',
    pid: _pid,
    hostname: _host,
    service: _service,
    mistakes: _told,
    ...rest
  } = JSON.parse(json) as Line
  const clock = time.slice(11, 23)
  if (msg === 'request') {
    const { method, path, query = '', status, ms, partial } = rest as Request
    return `${clock} ${method} ${path}${query} ${status} ${ms} ms${partial === undefined ? '' : ` without ${partial}`}\n`
  }
  const facts = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const colour = colours[level as keyof typeof colours]
  const said = colour === undefined || !coloured ? msg : styleText(colour, msg, { validateStream: false })
  return `${[clock, ...(level === 'info' ? [] : [level]), said, ...facts].join(' ')}\n`
}
