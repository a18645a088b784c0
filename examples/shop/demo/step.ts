import type { Demo } from './demo.ts'

/** One stop of the tour. */
export type Step = {
  readonly title: string
  /** What `portico explain` is asked: an address, or a document of the web's graph. Absent where nothing is planned. */
  readonly plan?: string | { readonly query: string }
  readonly run: (visit: Visit) => Promise<Outcome>
}

/** What was asked, what came back, and whether it is right. */
export type Outcome = {
  readonly request: string
  readonly answer: string
  /** Throws an AssertionError where the answer is wrong. */
  readonly check: () => void
}

export type Visit = Demo & {
  readonly ask: (path: string, init?: Asking) => Promise<Answer>
}

export type Asking = {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Without the token. */
  readonly anonymous?: boolean
}

export type Answer = {
  readonly request: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Undefined where the text is no JSON. */
  readonly json: unknown
  readonly ms: number
}

/** Asks the gateway as the customer u-1. */
export const visitOf = (demo: Demo): Visit => ({
  ...demo,
  async ask(path, { method, body, headers = {}, anonymous = false } = {}) {
    const verb = method ?? (body === undefined ? 'GET' : 'POST')
    const content = body === undefined ? undefined : JSON.stringify(body)
    const started = performance.now()
    const reply = await fetch(demo.gateway.url + path, {
      method: verb,
      headers: {
        ...headers,
        ...(content !== undefined && { 'content-type': 'application/json' }),
        ...(!anonymous && { authorization: `Bearer ${demo.token}` }),
      },
      ...(content !== undefined && { body: content }),
    })
    const text = await reply.text()
    const shown = [`${verb} ${path}`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), content]
    return {
      request: shown.filter((line) => line !== undefined).join('\n'),
      status: reply.status,
      headers: reply.headers,
      text,
      json: parsed(text),
      ms: performance.now() - started,
    }
  },
})

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An answer as the tour shows it: status, time, what is missing, and the body. */
export const shown = ({ status, headers, text, json, ms }: Answer): string => {
  const partial = headers.get('portico-partial')
  const first = [
    `${status}  ${Math.round(ms)} ms`,
    ...(partial === null ? [] : [`Portico-Partial: ${partial}`]),
    ...(headers.has('www-authenticate') ? [`WWW-Authenticate: ${headers.get('www-authenticate')}`] : []),
  ].join('  ')
  // Digits past a double's are shown as they came.
  return `${first}\n${json === undefined || /\d{16}/.test(text) ? text : JSON.stringify(json, null, 1).replaceAll(/\n\s*/g, ' ')}`
}
