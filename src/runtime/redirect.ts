import { createServer } from 'node:http'
import type { HostPort } from '../config/scalars.ts'
import { openSidePort, type SidePort } from './listener.ts'

/** A host as a client may name it, without a port: nothing else is put into an address. */
const hostForm = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i

/** The port where plain HTTP is answered by its https address (RFC 9110 §15.4.9), which the method and body go to, too. */
export const openRedirect = (address: HostPort, securePort: () => number): Promise<SidePort> => {
  const server = createServer((request, response) => {
    const host = hostForm.exec(request.headers.host ?? '')?.[1]
    const target = request.url ?? ''
    response.setHeader('connection', 'close')
    if (host === undefined || !target.startsWith('/')) response.writeHead(400).end()
    else
      response
        .writeHead(308, { location: `https://${host}${portOf(securePort())}${target}`, 'content-length': 0 })
        .end()
  })
  return openSidePort(server, address)
}

const portOf = (port: number): string => (port === 443 ? '' : `:${port}`)
