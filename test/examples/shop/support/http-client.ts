/** Calls a REST service; what comes back has the shape the test says. */
export interface HttpClient {
  readonly get: (path: string) => Promise<Response>
  readonly json: <Body>(path: string) => Promise<Body>
  readonly send: (
    method: string,
    path: string,
    body: object,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>
}

export const httpClient = (address: string): HttpClient => ({
  get: (path) => fetch(address + path),
  async json<Body>(path: string) {
    return bodyOf<Body>(await fetch(address + path))
  },
  send(method, path, body, extra = {}) {
    const headers = { 'content-type': 'application/json', ...extra }
    const request: RequestInit = { method, headers, body: JSON.stringify(body) }
    return fetch(address + path, request)
  },
})

export const bodyOf = async <Body>(reply: Response): Promise<Body> => (await reply.json()) as Body
