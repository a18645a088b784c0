import type { IncomingMessage } from 'node:http'
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'

/** A request that came by HTTP/2. */
export type Http2Request = IncomingMessage & { readonly stream: ServerHttp2Stream }

/** The answer of a call on its way to the client: its head and its end as lines; its messages are piped between. */
export class Download {
  readonly response: Http2ServerResponse

  constructor(response: Http2ServerResponse) {
    this.response = response
  }

  /** Sends the head; `ended` where it is the end as well. */
  begin(headers: readonly string[], ended: boolean): void {
    // Headers and their end go in one frame only where the end is known with them.
    if (!ended) return void this.response.writeHead(200, [...headers] as never)
    for (let i = 0; i < headers.length; i += 2) this.response.removeHeader(headers[i] as string)
    for (let i = 0; i < headers.length; i += 2)
      this.response.appendHeader(headers[i] as string, headers[i + 1] as string)
    this.response.end()
  }

  finish(trailers: readonly string[]): void {
    const lists = new Map<string, string[]>()
    for (let i = 0; i < trailers.length; i += 2) {
      const name = trailers[i] as string
      const list = lists.get(name)
      if (list === undefined) lists.set(name, [trailers[i + 1] as string])
      else list.push(trailers[i + 1] as string)
    }
    this.response.addTrailers(
      Object.fromEntries([...lists].map(([name, list]) => [name, list.length === 1 ? list[0] : list])),
    )
    this.response.end()
  }
}
