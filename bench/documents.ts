import { answersOf } from './measure.ts'
import { residentMiB, start } from './processes.ts'
import { median } from './report.ts'

/**
 * `node bench/documents.ts`: whether memory stays bounded when clients send 10,000 operations of which no two are
 * alike, and then 10,000 others. Samples are taken after a forced collection; it says so and fails nothing.
 */
const operations = 20_000
const each = 1_000
const upstream = await start({ script: './upstream.ts', core: 1 })
const gateway = await start({
  script: './contestants/portico.ts',
  args: ['posts'],
  core: 0,
  execArgv: ['--expose-gc'],
  env: { UPSTREAM: `http://127.0.0.1:${upstream.port}` },
})
try {
  process.stdout.write('| distinct operations | heap used MiB | resident MiB |\n|--:|--:|--:|\n')
  const heaps: number[] = []
  for (let done = 0; done < operations; ) {
    // 20 at a time: each is parsed, checked, planned and run.
    for (let next = 0; next < each; next += 20) {
      const asked = Array.from({ length: 20 }, (_, index) => request(done + next + index))
      await Promise.all(asked.map((one) => answersOf({ requests: [one] }, gateway.port)))
    }
    done += each
    const { heapUsed } = (await gateway.ask('memory')) as NodeJS.MemoryUsage
    heaps.push(heapUsed)
    const resident = residentMiB(gateway.pid, 'VmRSS')?.toFixed(0) ?? '–'
    process.stdout.write(`| ${done} | ${mebibytes(heapUsed)} | ${resident} |\n`)
  }
  const quarter = heaps.length / 4
  // The first thousands fill what is remembered; after that, others take their place.
  const growth = median(heaps.slice(-quarter)) - median(heaps.slice(quarter, 2 * quarter))
  process.stdout.write(`\nHeap, last quarter against the second: ${mebibytes(growth)} MiB; `)
  process.stdout.write(growth < 1_048_576 ? 'bounded.\n' : 'it grows.\n')
} finally {
  await Promise.all([upstream, gateway].map((one) => one.stop()))
}

function request(number: number) {
  const keys = Array.from({ length: 10 }, (_, index) => `greeting_${number}_${index}`)
  return {
    method: 'POST',
    path: '/blog/graphql',
    body: JSON.stringify({ query: `query Q${number} { ${keys.map((key) => `${key}: greet`).join(' ')} }` }),
    answer: { data: Object.fromEntries(keys.map((key) => [key, 'Hello!'])) },
  } as const
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1)
}
