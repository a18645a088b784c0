import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nginxArgs } from '../nginx.ts'
import { type Ground, type ProgramName, runProgram } from '../programs.ts'

/** A proxy that is not written in JavaScript, with one thread and connections kept on both sides. Neither limits nor logs. */
const upstream = new URL(process.env['UPSTREAM'] ?? '').host

const written = ({ dir }: Ground, name: string, text: string): string => {
  const file = join(dir, name)
  writeFileSync(file, text)
  return file
}

const argsOf: Readonly<Record<ProgramName, (ground: Ground) => readonly string[]>> = {
  nginx: (ground) =>
    nginxArgs(
      ground,
      `upstream service { server ${upstream}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${ground.port} backlog=1024;
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }
  }`,
    ),
  haproxy: (ground) => [
    '-db',
    '-f',
    written(
      ground,
      'haproxy.cfg',
      `global
  maxconn 2000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:${ground.port}
  default_backend service
backend service
  http-reuse always
  server one ${upstream}
`,
    ),
  ],
  caddy: (ground) => [
    'run',
    '--adapter',
    'caddyfile',
    '--config',
    written(
      ground,
      'Caddyfile',
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${ground.port} {
  reverse_proxy ${upstream} {
    transport http {
      keepalive_idle_conns_per_host 256
    }
  }
}
`,
    ),
  ],
}

process.send?.(await runProgram(process.argv[2] as ProgramName, argsOf[process.argv[2] as ProgramName]))
