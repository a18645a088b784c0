import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export type TestDns = {
  /** `host:port` of the server. */
  readonly address: string
  /** Lets names lead to these addresses from now on. */
  readonly lead: (names: Readonly<Record<string, readonly string[]>>) => Promise<void>
}

/** `_http._tcp.users.test,host,port,priority,weight`, as dnsmasq takes it. */
export type SrvRecord = string

/** A DNS server of its own (dnsmasq), whose answers may be kept for a second. */
export const startDns = async (test: TestContext, srv: readonly SrvRecord[] = []): Promise<TestDns> => {
  const dir = mkdtempSync(join(tmpdir(), 'portico-dns-'))
  const hosts = join(dir, 'hosts')
  writeFileSync(hosts, '')
  const port = await freePort()
  const server = spawn('dnsmasq', [
    '--no-daemon',
    '--conf-file=/dev/null',
    `--port=${port}`,
    '--listen-address=127.0.0.1',
    '--bind-interfaces',
    '--no-resolv',
    '--no-hosts',
    '--user=',
    '--pid-file=',
    '--local-ttl=1',
    '--local=/test/',
    `--addn-hosts=${hosts}`,
    ...srv.map((record) => `--srv-host=${record}`),
  ])
  let output = ''
  const ended = new Promise<never>((_, reject) => {
    server.once('error', (cause) =>
      reject(new Error('These tests need dnsmasq: apt-get install -y dnsmasq-base.', { cause })),
    )
    server.once('exit', (code) => reject(new Error(`dnsmasq ended with ${code}: ${output}`)))
  })
  ended.catch(() => undefined)
  /** Until it has read so many addresses. */
  const read = (count: number): Promise<void> =>
    Promise.race([
      ended,
      new Promise<void>((resolve) => {
        const listen = (chunk: unknown): void => {
          output += String(chunk)
          if (!output.includes(`read ${hosts} - ${count} `)) return
          output = ''
          server.stderr.off('data', listen)
          resolve()
        }
        server.stderr.on('data', listen)
      }),
    ])
  test.after(() => {
    server.kill('SIGKILL')
    rmSync(dir, { recursive: true })
  })
  await read(0)
  return {
    address: `127.0.0.1:${port}`,
    async lead(names) {
      const lines = Object.entries(names).flatMap(([name, addresses]) => addresses.map((one) => `${one} ${name}\n`))
      writeFileSync(hosts, lines.join(''))
      const again = read(lines.length)
      server.kill('SIGHUP')
      await again
    },
  }
}

const freePort = async (): Promise<number> => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}
