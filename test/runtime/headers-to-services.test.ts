import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { usualHeaders } from '../../src/services/identity/headers.ts'
import { headersToServices } from '../../src/services/told.ts'
import type { Heard } from '../support/hearing.ts'
import { own, type Sent, startWays, type Way, ways } from '../support/ways-to-services.ts'

const table = Object.entries(headersToServices)
const kindOf = (kind: string): readonly string[] => table.flatMap(([name, is]) => (is === kind ? [name] : []))

/** What no client may say on any way to a service, beside what its `identity` names. */
const never = [...kindOf('vouched'), ...kindOf('credential'), ...Object.keys(usualHeaders)]
/** What it may not say where the gateway asks by itself; without those that choose how the gateway answers. */
const neverComposed = [...kindOf('composed'), ...kindOf('appended')].filter(
  (name) => name !== 'accept' && name !== 'content-type',
)

/** How names are spelt and placed. Connection is of HTTP/1.1 alone, and so is the case of letters. */
const forms: Readonly<Record<string, (names: readonly string[]) => Sent>> = {
  'as they are': (names) => ({ lines: spoofed(names) }),
  'in capitals': (names) => ({ lines: spoofed(names.map((name) => name.toUpperCase())) }),
  'with underscores, alone': (names) => ({ lines: spoofed([...names, ...kindOf('framing')].flatMap(underscored)) }),
  'with underscores, beside dashes': (names) => ({ lines: spoofed([...names.flatMap(underscored), ...names]) }),
  // Two credentials are refused.
  twice: (names) => ({ lines: spoofed([...names, ...names].filter((name) => !kindOf('credential').includes(name))) }),
  'named by Connection': (names) => ({
    lines: spoofed(names),
    connection: [...names, ...kindOf('framing'), 'via'].join(', '),
  }),
  'behind the body': (names) => ({ lines: [], trailers: spoofed(names) }),
}

const spoofed = (names: readonly string[]): readonly string[] => names.flatMap((name) => [name, 'spoofed'])
const underscored = (name: string): readonly string[] =>
  name.includes('-') ? [name.replaceAll('-', '_'), name.replace('-', '_')] : []

describe('headers that the gateway sets towards services', () => {
  it('are its own, whatever a client sends and whichever way it takes', async (t) => {
    const ask = await startWays(t)
    for (const way of ways)
      await t.test(way.title, async () => {
        const plain = await ask(way, { lines: [] })
        const names = [...never, ...(way.named ?? own), ...(way.composed === true ? neverComposed : [])]
        for (const [form, write] of Object.entries(forms)) {
          const sent = write(names)
          if (!canBeSent(way, sent)) continue
          for (const [at, { lines }] of (await ask(way, sent)).entries()) {
            assert.deepEqual(
              lines.filter((line) => line.includes('spoofed')),
              [],
              form,
            )
            assert.deepEqual(namesOf(lines), namesOf((plain[at] as Heard).lines), form)
          }
        }
      })
  })

  it('are all in one table, and nothing else is', async (t) => {
    const ask = await startWays(t)
    const known = new Set([...table.map(([name]) => name), ...Object.keys(usualHeaders), ...own])
    const seen = new Set<string>()
    for (const way of ways)
      for (const { lines } of await ask(way, { lines: [] })) for (const name of namesOf(lines)) seen.add(name)
    const clients = [...seen].filter((name) => name.startsWith('sec-websocket-'))
    assert.deepEqual(
      [...seen].filter((name) => !known.has(name) && !clients.includes(name)),
      [],
    )
    // Keys have no scopes here.
    assert.deepEqual(
      [...known].filter((name) => !seen.has(name)),
      ['x-auth-scopes'],
    )
  })
})

/** Neither cases nor Connection are of HTTP/2, and a trailer needs a body. */
const canBeSent = ({ speaks, body }: Way, { lines, connection, trailers }: Sent): boolean => {
  const http2 = speaks === 'http2' || speaks === 'grpc'
  if (http2 && (connection !== undefined || lines.some((line) => line !== line.toLowerCase()))) return false
  return trailers === undefined || body !== undefined || speaks === 'grpc'
}

const namesOf = (lines: readonly string[]): readonly string[] =>
  lines
    .filter((_line, at) => at % 2 === 0)
    .map((name) => name.toLowerCase())
    .toSorted()
