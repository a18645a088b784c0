import { spawn } from 'node:child_process'
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeKeys } from '../examples/shop/keys.ts'
import { createGateway } from '../src/runtime/gateway.ts'
import { createLog } from '../src/telemetry/log.ts'

/**
 * `node bench/reload.ts [--reloads n]`: what a reload of the reference workspace leaves behind, in heap, sockets, timers
 * and handles, each in a process of its own: as it runs, without V8's compilers, whose machine code comes as functions
 * get hot and would pass for a leak, and with a resolver module that has changed each time. It fails nothing.
 */
const { values } = parseArgs({
  options: { reloads: { type: 'string', default: '300' }, changing: { type: 'boolean' }, within: { type: 'boolean' } },
})
const reloads = Number(values.reloads)
const samples = 6
/** Reloads that load code and fill caches. */
const warmUp = 40

if (values.within === true) await reloadOften()
else {
  const plain = ['--no-opt', '--no-maglev', '--no-sparkplug']
  for (const [name, flags, more] of [
    ['nothing changed', [], []],
    ['nothing changed, without compilers', plain, []],
    ['a resolver module changed, without compilers', plain, ['--changing']],
  ] as const) {
    process.stdout.write(
      `\n${name}\n\n| reloads | heap KiB | sockets | timers | handles | ms each |\n|--:|--:|--:|--:|--:|--:|\n`,
    )
    await run([
      '--expose-gc',
      ...flags,
      fileURLToPath(import.meta.url),
      '--within',
      '--reloads',
      String(reloads),
      ...more,
    ])
  }
}

async function run(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  await new Promise((resolve) => child.once('exit', resolve))
}

async function reloadOften(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'portico-bench-'))
  const root = fileURLToPath(new URL('..', import.meta.url))
  for (const part of ['portico.yaml', 'schema', 'protos'])
    await cp(join(root, part), join(dir, part), { recursive: true })
  await makeKeys(dir)
  const env = { PORTICO_LISTEN: '127.0.0.1:0', PORTICO_PROBES: '127.0.0.1:0', SHOP_JWKS: join(dir, 'jwks.json') }
  const gateway = await createGateway({ dir, env, log: createLog({ level: 'silent' }) })
  const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}' }
  const once = async (): Promise<void> => {
    if (values.changing === true) await appendFile(join(dir, 'schema/shop.resolvers.ts'), '\n')
    const { ok, why } = await gateway.reload()
    if (!ok) throw new Error(why ?? 'The reload was refused.')
    // The second finds no service: a call that fails is remembered in more places than one that does not.
    for (const [path, init] of [
      ['/web/graphql', body],
      ['/api/v1/products/1', {}],
    ] as const)
      await (await fetch(`http://127.0.0.1:${gateway.listen.port}${path}`, init)).text()
  }
  for (let done = 0; done < warmUp; done += 1) await once()
  const first = await sample(0, 0)
  let last = first
  for (let at = 1; at <= samples; at += 1) {
    const each = Math.round(reloads / samples)
    const before = performance.now()
    for (let done = 0; done < each; done += 1) await once()
    last = await sample(at * each, (performance.now() - before) / each)
  }
  process.stdout.write(`\n${((last - first) / reloads).toFixed(1)} KiB a reload\n`)
  await gateway.close()
  await rm(dir, { recursive: true })
}

/** Prints a line of what is left after draining and collecting; its heap in KiB. */
async function sample(done: number, ms: number): Promise<number> {
  for (let turn = 0; turn < 8; turn += 1) {
    await pause(50)
    globalThis.gc?.()
  }
  const heap = process.memoryUsage().heapUsed / 1_024
  const kinds = process.getActiveResourcesInfo()
  const count = (form: RegExp): number => kinds.filter((kind) => form.test(kind)).length
  const cells = [done, heap.toFixed(0), count(/Socket/), count(/Timeout/), kinds.length, ms.toFixed(0)]
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
  return heap
}
