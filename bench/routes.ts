import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileMatch, type RouteMatch } from '../src/routes/match/match.ts'
import { createRouter } from '../src/routes/match/router.ts'
import { createGateway } from '../src/runtime/gateway.ts'
import { createLog } from '../src/telemetry/log.ts'

/**
 * `node bench/routes.ts`: what many routes cost. Looking one up, by path, host and header, among ten and among ten
 * thousand; and from reading the workspace to answering, each in a process of its own.
 */
const [kind, dir = ''] = process.argv.slice(2)
if (kind === 'start') await start(dir)
else await compare()

async function start(workspace: string): Promise<void> {
  const before = performance.now()
  const busyBefore = process.cpuUsage()
  const gateway = await createGateway({ dir: workspace, env: {}, log: createLog({ level: 'silent' }) })
  const { user, system } = process.cpuUsage(busyBefore)
  process.stdout.write(`${(performance.now() - before).toFixed(0)} | ${((user + system) / 1_000).toFixed(0)}`)
  await gateway.close()
}

async function compare(): Promise<void> {
  process.stdout.write(
    '| routes | by path, ns | by host, ns | by header, ns | start, ms | start, CPU ms |\n|--:|--:|--:|--:|--:|--:|\n',
  )
  for (const count of [10, 1_000, 10_000]) {
    const figures = [
      lookup(
        count,
        (i) => compileMatch({ path: `/api/v1/things${i}/*` }),
        (i) => ({ url: `/api/v1/things${i}/7` }),
      ),
      lookup(
        count,
        (i) => compileMatch({ path: '/*', hosts: [`h${i}.example`] }),
        (i) => ({ url: '/api/v1/things', host: `h${i}.example` }),
      ),
      lookup(
        count,
        (i) =>
          compileMatch({ path: `/api/things${i}/*`, match: { header: { x: ['1'] }, query: {}, cookie: {}, body: {} } }),
        (i) => ({ url: `/api/things${i}/7` }),
      ),
    ].map((ns) => ns.toFixed(0))
    process.stdout.write(`| ${[count, ...figures, await startOf(count)].join(' | ')} |\n`)
  }
}

type Asked = { readonly url: string; readonly host?: string }

function lookup(count: number, route: (i: number) => RouteMatch, ask: (i: number) => Asked): number {
  const router = createRouter(
    Array.from({ length: count }, (_, i) => route(i)),
    { addressOf: () => '', hostOf: ({ headers }) => headers.host ?? '' },
  )
  const requests = Array.from({ length: 1_000 }, (_, i) => {
    const { url, host } = ask((i * 7_919) % count)
    return { url, method: 'GET', headers: { host, x: '1' } } as unknown as IncomingMessage
  })
  let found = 0
  const round = (): void => {
    for (const request of requests) if (router.find(request) !== undefined) found += 1
  }
  for (let i = 0; i < 200; i += 1) round()
  const before = performance.now()
  for (let i = 0; i < 500; i += 1) round()
  const ns = ((performance.now() - before) * 1e6) / 500_000
  if (found !== 700_000) throw new Error('A request found no route.')
  return ns
}

async function startOf(count: number): Promise<string> {
  const workspace = mkdtempSync(join(tmpdir(), 'portico-bench-'))
  try {
    const routes = Array.from({ length: count }, (_, i) => `  - { path: /things${i}/*, service: s }\n`)
    const services = 'services: { s: { rest: http://127.0.0.1:9, identity: none } }'
    writeFileSync(join(workspace, 'portico.yaml'), `listen: 127.0.0.1:0\n${services}\nroutes:\n${routes.join('')}`)
    const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, 'start', workspace])
    return stdout
  } finally {
    rmSync(workspace, { recursive: true })
  }
}
