import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { makeCertificates, readCertificates } from './certificates.ts'
import { freePort } from './free-port.ts'
import { layWorkspace, startGateway } from './gateway.ts'

/** Certificates of every kind, made anew for each file of tests. */
export const texts = readCertificates(makeCertificates())

/** What a client and the gateway agreed on. */
export const handshake = async (port: number, options: ConnectionOptions) => {
  const socket = connect({ port, host: '127.0.0.1', ca: texts.ca, servername: 'localhost', ...options })
  await once(socket, 'secureConnect')
  const agreed = {
    alpn: socket.alpnProtocol,
    version: socket.getProtocol(),
    certificate: socket.getPeerX509Certificate(),
    session: socket.getSession(),
    resumed: socket.isSessionReused(),
  }
  socket.on('error', () => {})
  socket.destroy()
  return agreed
}

/** A gateway with `settings` and the files that TLS needs, and clients of it. */
export const serving = async (t: TestContext, settings: string) => {
  const port = await freePort()
  const routes = settings.includes('routes:')
    ? ''
    : 'routes: [{ path: /hello, respond: { status: 200, body: hello } }]\nservices: {}\n'
  let yaml = `listen: 127.0.0.1:${port}\n${settings}${routes}`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': yaml,
    'cert.pem': texts.certificate,
    'key.pem': texts.key,
    'shop.pem': texts.shopCertificate,
    'shop.key': texts.shopKey,
    'ca.pem': texts.ca,
    'crl.pem': texts.noneRevoked,
    'revoked.pem': texts.revoked,
  })
  const { gateway, close } = await startGateway(dir)
  const sessions = new Set<ClientHttp2Session>()
  t.after(async () => {
    for (const session of sessions) session.destroy()
    await close()
    await remove()
  })
  return {
    port,
    gateway,
    http2: (options: ConnectionOptions = {}): ClientHttp2Session => {
      const session = connectHttp2(`https://localhost:${port}`, { ca: texts.ca, ...options })
      session.on('error', () => {})
      sessions.add(session)
      return session
    },
    lay: async (changed: Readonly<Record<string, string>>): Promise<void> => {
      for (const [file, text] of Object.entries(changed)) await writeFile(join(dir, file), text)
    },
    write: async (change: (before: string) => string): Promise<void> => {
      yaml = change(yaml)
      await writeFile(join(dir, 'portico.yaml'), yaml)
    },
    ask: async (path: string, options: RequestOptions = {}) => {
      const asked = request({ host: '127.0.0.1', servername: 'localhost', port, path, ca: texts.ca, ...options }).end()
      const [reply] = (await once(asked, 'response')) as [IncomingMessage]
      let text = ''
      for await (const chunk of reply) text += String(chunk)
      return { status: reply.statusCode, headers: reply.headers, text, reused: asked.reusedSocket }
    },
  }
}
