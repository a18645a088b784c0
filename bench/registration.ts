import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import protobuf from 'protobufjs'
import { loadDescriptorSet } from '../src/services/grpc/protos/descriptor-set.ts'
import type { LoadedProtos } from '../src/services/grpc/protos/loading.ts'
import { loadProtos } from '../src/services/grpc/protos/text.ts'
import { median } from './report.ts'

/**
 * `node bench/registration.ts`: what it costs to read 400 files of googleapis, with all they import: as proto files, as
 * the descriptor set that buf makes of them, and by protobufjs alone, which neither checks nor mends. Each five times
 * in a process of its own; the first load of a process is what counts. `--all` reads every file there is, once.
 */
const require = createRequire(import.meta.url)
const googleProtos = dirname(require.resolve('google-proto-files/package.json'))
const [kind, set] = process.argv.slice(2)
if (kind === '--all') readAll()
else if (kind !== undefined) process.stdout.write(JSON.stringify(once(kind, set ?? '')))
else await compare()

type Sample = { readonly milliseconds: number; readonly cpu: number; readonly resident: number }

async function compare(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'portico-bench-'))
  try {
    const file = join(dir, 'set.binpb')
    const buf = join(dirname(require.resolve('@bufbuild/buf/package.json')), 'bin/buf')
    const paths = chosen().flatMap((name) => ['--path', join(googleProtos, name)])
    await promisify(execFile)(process.execPath, [buf, 'build', googleProtos, ...paths, '-o', file])
    const samples = new Map<string, Sample[]>()
    for (let round = 0; round < 5; round += 1) {
      for (const name of ['proto files', 'descriptor set', 'protobufjs alone']) {
        const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, name, file])
        samples.set(name, [...(samples.get(name) ?? []), JSON.parse(stdout) as Sample])
      }
    }
    process.stdout.write('| 400 files | ms | CPU ms | resident MiB at most |\n|---|--:|--:|--:|\n')
    for (const [name, all] of samples) {
      const of = (figure: keyof Sample): string => median(all.map((sample) => sample[figure])).toFixed(0)
      process.stdout.write(`| ${name} | ${of('milliseconds')} | ${of('cpu')} | ${of('resident')} |\n`)
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function chosen(): readonly string[] {
  const trees = [
    'api',
    'bigtable',
    'firestore',
    'iam',
    'logging',
    'monitoring',
    'pubsub',
    'spanner',
    'cloud/a*',
    'cloud/b*',
  ]
  return trees.flatMap((tree) => globSync(`google/${tree}/**/*.proto`, { cwd: googleProtos }).toSorted()).slice(0, 400)
}

function once(way: string, file: string): Sample {
  const files = chosen()
  const bytes = readFileSync(file)
  const before = process.cpuUsage()
  const startedAt = performance.now()
  if (way === 'protobufjs alone') byProtobufjs(files)
  else checked(way === 'descriptor set' ? loadDescriptorSet(bytes, { shown: file }) : load(files))
  const milliseconds = performance.now() - startedAt
  const { user, system } = process.cpuUsage(before)
  return { milliseconds, cpu: (user + system) / 1_000, resident: process.resourceUsage().maxRSS / 1_024 }
}

function load(files: readonly string[]): LoadedProtos {
  return loadProtos({ files, includeDir: googleProtos, displayDir: 'protos' })
}

function checked(loaded: LoadedProtos): protobuf.Root {
  if ('diagnostics' in loaded) throw new Error(JSON.stringify(loaded.diagnostics[0]))
  return loaded.root
}

function byProtobufjs(files: readonly string[]): void {
  const root = new protobuf.Root()
  root.resolvePath = (_, target) => (target.startsWith('/') ? target : join(googleProtos, target))
  root.loadSync([...files], { alternateCommentMode: true }).resolveAll()
}

/** By package, as services are registered; what the npm package leaves out cannot be imported, and is said. */
function readAll(): void {
  const packages = Map.groupBy(globSync('g*/**/*.proto', { cwd: googleProtos }), dirname)
  let files = 0
  for (const [name, members] of packages) {
    const loaded = load(members)
    files += members.length
    if ('diagnostics' in loaded) process.stdout.write(`${name}: ${loaded.diagnostics[0]?.message}\n`)
  }
  process.stdout.write(`${files} files in ${packages.size} packages.\n`)
}
