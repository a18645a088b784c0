import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runUnderLoad } from './measure.ts'
import { workloads } from './workloads.ts'

/**
 * `node bench/profile.ts W1 [--contestant name] [--seconds n] [--top n]`: where a contestant's CPU time goes under
 * its workload, by package and by function. Shares of the time it was not idle, start and warm-up left out.
 */
type CpuProfile = {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    contestant: { type: 'string', default: 'Portico' },
    seconds: { type: 'string', default: '5' },
    top: { type: 'string', default: '40' },
  },
})
const workload = workloads.find(({ name }) => name === positionals[0]?.toUpperCase())
const contestant = workload?.contestants.find(({ name }) => name === values.contestant)
if (workload === undefined || contestant === undefined) {
  const names = workloads.flatMap(({ name, contestants }) =>
    contestants.map((one) => `${name} --contestant '${one.name}'`),
  )
  process.stderr.write(`Usage: node bench/profile.ts <workload> [--contestant name], such as:\n${names.join('\n')}\n`)
  process.exit(2)
}

const warmupSeconds = 4
const dir = await mkdtemp(join(tmpdir(), 'portico-profile-'))
try {
  const execArgv = ['--cpu-prof', '--cpu-prof-interval', '200', '--cpu-prof-dir', dir]
  await runUnderLoad(workload, contestant, { seconds: Number(values.seconds) + warmupSeconds, execArgv })
  const [file] = await readdir(dir)
  print(JSON.parse(await readFile(join(dir, file ?? ''), 'utf8')) as CpuProfile, {
    top: Number(values.top),
    seconds: Number(values.seconds),
  })
} finally {
  await rm(dir, { recursive: true, force: true })
}

function print({ nodes, samples, timeDeltas }: CpuProfile, { top, seconds }: { top: number; seconds: number }): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, { name: nameOf(callFrame), ...placeOf(callFrame.url) }]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const own = new Map<string, number>()
  const groups = new Map<string, number>()
  const inclusive = new Map<string, number>()
  let busy = 0
  let left = seconds * 1_000_000
  for (let index = samples.length - 1; index >= 0 && left > 0; index -= 1) {
    const time = timeDeltas[index] ?? 0
    left -= time
    const id = samples[index] as number
    const frame = frames.get(id)
    if (frame === undefined || frame.name.startsWith('(idle)')) continue
    busy += time
    add(own, frame.name, time)
    add(groups, frame.group, time)
    const above = new Set<string>()
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const one = frames.get(at)
      if (one?.group.startsWith('src/')) above.add(one.name)
    }
    for (const name of above) add(inclusive, name, time)
  }
  const lines = (shares: ReadonlyMap<string, number>): string =>
    [...shares]
      .sort(([, a], [, b]) => b - a)
      .slice(0, top)
      .map(([name, time]) => `${((time / busy) * 100).toFixed(1).padStart(5)} %  ${name}\n`)
      .join('')
  process.stdout.write(
    `By package\n${lines(groups)}\nBy function, own time\n${lines(own)}\nOf ours, callees included\n${lines(inclusive)}`,
  )
}

function add(shares: Map<string, number>, name: string, time: number): void {
  shares.set(name, (shares.get(name) ?? 0) + time)
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const { file } = placeOf(url)
  return `${functionName || '(anonymous)'}  ${file}${file === '' ? '' : `:${lineNumber + 1}`}`
}

/** Where code stands, in few words: its package or folder, and its file. */
function placeOf(url: string): { readonly group: string; readonly file: string } {
  if (url === '') return { group: 'V8 and native', file: '' }
  if (url.startsWith('node:')) return { group: 'Node', file: url }
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(url)
  if (dependency !== null) return { group: dependency[1] ?? '', file: `${dependency[1]}/${dependency[2]}` }
  const own = /\/((?:src|dist)\/[^/]+)(\/.*)$/.exec(url)
  return own === null ? { group: 'other', file: url } : { group: own[1] ?? '', file: `${own[1]}${own[2]}` }
}
