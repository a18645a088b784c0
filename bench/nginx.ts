import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ground } from './programs.ts'

/** nginx as one process, with what stands in its `http` block; writes where it may. */
export const nginxArgs = ({ dir }: Ground, http: string): readonly string[] => {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${dir}/${one};`)
  const file = join(dir, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off;
master_process off;
worker_processes 1;
pid ${dir}/pid;
error_log stderr crit;
events { worker_connections 2048; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  default_type application/json;
  keepalive_timeout 120s;
  keepalive_requests 1000000000;
  client_body_buffer_size 256k;
  client_max_body_size 10m;
  ${http}
}
`,
  )
  return ['-p', dir, '-c', file, '-e', 'stderr']
}
