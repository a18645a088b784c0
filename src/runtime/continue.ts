import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Leaves a client that asks first (`Expect: 100-continue`, RFC 9110 §10.1.1) waiting until somebody reads its body:
 * what policies refuse is then never sent. `keeps`: whether its connection may go on to serve other requests.
 */
export const continueWhenRead = (request: IncomingMessage, response: ServerResponse, keeps: boolean): void => {
  const closes = keeps && request.httpVersionMajor === 1
  // A client that was refused may send the body all the same, or not: what comes next could be either.
  if (closes) response.setHeader('connection', 'close')
  // In the place of its class' own, once.
  request._read = (size) => {
    Reflect.deleteProperty(request, '_read')
    if (!response.headersSent && !response.destroyed) {
      if (closes) response.removeHeader('connection')
      response.writeContinue()
    }
    request._read(size)
  }
}
