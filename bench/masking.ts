import { maskJson } from '../src/kernel/mask/json.ts'
import { logLineMasker } from '../src/kernel/mask/log-line.ts'
import { createMasker } from '../src/kernel/mask/masker.ts'
import { parsePath } from '../src/kernel/mask/path.ts'
import { patterns } from '../src/kernel/mask/patterns.ts'
import { becoming, type MaskRule } from '../src/kernel/mask/rule.ts'
import { scrub } from '../src/telemetry/scrub.ts'

/** `node bench/masking.ts`: what masking an answer and a line of the log costs, beside JSON.parse of the same text. */
const people = (count: number): string =>
  JSON.stringify({
    people: Array.from({ length: count }, (_, i) => ({
      id: `u-${i}`,
      name: 'Ada Lovelace',
      mail: `ada${i}@id.example`,
      card: '4111 1111 1111 1111',
      city: 'London',
      about: 'Writes programs for machines that are not there yet, and notes on those that are; 50% of it is lost.',
      joined: '2026-01-31T12:00:00.000Z',
      score: i * 1.5,
      tags: ['a', 'b', 'c'],
    })),
  })

const path = (text: string): MaskRule => ({
  path: parsePath(text),
  find: undefined,
  become: becoming('last4', undefined),
})
const pattern = (name: keyof typeof patterns): MaskRule => ({
  path: undefined,
  find: patterns[name],
  become: becoming('last4', undefined),
})
const maskers = {
  'two paths': createMasker([path('people.card'), path('people.mail')]),
  'one path at any depth': createMasker([path('**.card')]),
  'card and email': createMasker([pattern('card'), pattern('email')]),
  'card, email, iban, token': createMasker([pattern('card'), pattern('email'), pattern('iban'), pattern('token')]),
}

const line = `${JSON.stringify({ level: 'info', time: '2026-01-31T12:00:00.000Z', service: 'portico', requestId: '0'.repeat(32), method: 'GET', path: '/users/u-1', query: '?page=2&size=20', route: '/users/*', status: 200, ms: 1.234, bytes: 1024, subject: 'u-1', msg: 'request' })}\n`

/** The best of several slices: what another program takes away is not counted. */
const microseconds = (run: () => unknown): number => {
  let best = Number.POSITIVE_INFINITY
  for (let slice = 0; slice < 40; slice += 1) {
    const start = performance.now()
    let count = 0
    while (performance.now() - start < 20) {
      run()
      count += 1
    }
    best = Math.min(best, ((performance.now() - start) * 1_000) / count)
  }
  return best
}

const rows: string[] = []
for (const count of [10, 400]) {
  const text = people(count)
  const parse = microseconds(() => JSON.parse(text))
  rows.push(`${Math.round(text.length / 1_000)} KB  JSON.parse  ${parse.toFixed(1)} µs`)
  for (const [name, masker] of Object.entries(maskers)) {
    const took = microseconds(() => maskJson(text, masker, { removed: 'gone' }))
    rows.push(`${Math.round(text.length / 1_000)} KB  ${name}  ${took.toFixed(1)} µs  ${(took / parse).toFixed(2)} ×`)
  }
}
const masked = logLineMasker(maskers['card and email'])
rows.push(`a line of the log  scrubbed  ${microseconds(() => scrub(line)).toFixed(1)} µs`)
rows.push(`a line of the log  scrubbed and masked  ${microseconds(() => masked(scrub(line))).toFixed(1)} µs`)
process.stdout.write(`${rows.join('\n')}\n`)
