import type { IncomingMessage, ServerResponse } from 'node:http'
import { Problem } from '../kernel/problem.ts'
import type { Gateway } from '../runtime/gateway.ts'

/**
 * `POST /reload`: 200 with the generation that serves and the warnings, 422 where the workspace is refused, with its
 * mistakes; the last good generation then goes on.
 *
 * A page of any site may send a request here, though not read its answer: browsers say so by `Origin` and
 * `Sec-Fetch-Site`, and those that say nothing cannot send JSON across origins without asking, which nobody answers.
 */
export const answerReload = async (
  { headers, method, socket }: IncomingMessage,
  response: ServerResponse,
  reload: Gateway['reload'],
): Promise<void> => {
  if (method !== 'POST')
    throw new Problem('INVALID_ARGUMENT', '/reload answers POST.', { status: 405, headers: { allow: 'POST' } })
  const { origin, 'sec-fetch-site': site, 'content-type': type } = headers
  if ((origin !== undefined && origin !== `http://${headers.host}`) || (site !== undefined && site !== 'same-origin'))
    throw new Problem('PERMISSION_DENIED', 'Pages of other origins may not reload a gateway.')
  if (!/^application\/json\s*(?:;|$)/i.test(type ?? ''))
    throw new Problem('INVALID_ARGUMENT', 'Send content-type: application/json; the body may be empty.', {
      status: 415,
    })
  const { ok, generation, diagnostics, why } = await reload({ by: 'admin', address: socket.remoteAddress })
  const body = JSON.stringify({ ok, generation, ...(why !== undefined && { why }), diagnostics })
  response.writeHead(ok ? 200 : 422, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    // The port may just have moved: nobody goes on here.
    connection: 'close',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
