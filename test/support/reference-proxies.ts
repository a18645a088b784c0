import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from './free-port.ts'

export type ReferenceProxy = { readonly name: string; readonly port: number; readonly origin: string }

type Cleanup = { readonly after: (end: () => Promise<void>) => void }

export type NginxSettings = {
  /** Where it passes requests on to. */
  readonly servicePort: number
  /** Files that it serves itself, below `/files/`. */
  readonly files?: Readonly<Record<string, Buffer>>
  /** How long it keeps an idle connection. */
  readonly keepAlive?: string
}

/** nginx (Debian's `nginx-light`) before a service: `/files/` are its own, gzipped where the client takes that. */
export const startNginx = async (
  test: Cleanup,
  { servicePort, files = {}, keepAlive = '75s' }: NginxSettings,
): Promise<ReferenceProxy> => {
  const { dir, port } = await ground(test)
  mkdirSync(join(dir, 'files'))
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(dir, 'files', name), bytes)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${dir}/${one};`)
  const config = `daemon off;
master_process off;
pid ${dir}/pid;
error_log stderr crit;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  types { text/plain txt; }
  gzip on;
  gzip_min_length 1;
  gzip_proxied any;
  gzip_types text/plain;
  client_max_body_size 20m;
  keepalive_timeout ${keepAlive};
  server {
    listen 127.0.0.1:${port};
    location /files/ { root ${dir}; }
    location / {
      proxy_pass http://127.0.0.1:${servicePort};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }
  }
}
`
  writeFileSync(join(dir, 'nginx.conf'), config)
  return started(test, { name: 'nginx', port, args: ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', 'stderr'] })
}

/** HAProxy before a service. */
export const startHaproxy = async (
  test: Cleanup,
  { servicePort, keepAlive = '10s' }: Omit<NginxSettings, 'files'>,
): Promise<ReferenceProxy> => {
  const { dir, port } = await ground(test)
  const config = `global
  maxconn 500
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
  timeout http-keep-alive ${keepAlive}
frontend clients
  bind 127.0.0.1:${port}
  default_backend service
backend service
  server one 127.0.0.1:${servicePort}
`
  writeFileSync(join(dir, 'haproxy.cfg'), config)
  return started(test, { name: 'haproxy', port, args: ['-db', '-f', join(dir, 'haproxy.cfg')] })
}

/** A folder and a port of its own. */
const ground = async (test: Cleanup) => {
  const dir = mkdtempSync(join(tmpdir(), 'portico-peer-'))
  test.after(async () => rmSync(dir, { recursive: true }))
  return { dir, port: await freePort() }
}

type Program = { readonly name: string; readonly port: number; readonly args: readonly string[] }

const started = async (test: Cleanup, { name, port, args }: Program): Promise<ReferenceProxy> => {
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  let failed: unknown
  child.stderr.on('data', (chunk) => (said += String(chunk)))
  child.once('error', (cause) => (failed = cause))
  test.after(() => stopped(child))
  while (!(await listens(port))) {
    if (failed !== undefined || child.exitCode !== null)
      throw new Error(
        `These tests need ${name} (apt-get install -y ${name === 'nginx' ? 'nginx-light' : name}): ${said}`,
        {
          cause: failed,
        },
      )
    await pause(10)
  }
  return { name, port, origin: `http://127.0.0.1:${port}` }
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

const stopped = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
