import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { formatDiagnostics } from '../../src/kernel/diagnostic.ts'
import { type Files, layWorkspace, startGateway } from './gateway.ts'
import { type Answer, compareAnswer, compareCalls, seenHead } from './spec-compare.ts'
import { startGrpcUpstream } from './spec-grpc.ts'
import { type Block, type Case, type Page, readEntries } from './spec-page.ts'
import { closedAddress, type SeenCall, startHttpUpstream, type Upstream } from './spec-upstream.ts'
import { issuer, signToken } from './token.ts'

/** Runs one case of a page: lays its workspace, starts its upstreams and the gateway, and goes through its blocks. */
export const runCase = async ({ file, ground }: Page, { blocks: own }: Case): Promise<void> => {
  const blocks = [...ground, ...own]
  const workspace = await layWorkspace(filesOf(blocks))
  const closing: (() => Promise<void>)[] = [workspace.remove]
  try {
    const seen: SeenCall[] = []
    const env: Record<string, string> = { TOKEN_SECRET: issuer.secret }
    for (const [name, upstream] of await startUpstreams([...own, ...ground], { seen, dir: workspace.dir })) {
      env[name.toUpperCase().replaceAll('-', '_')] = upstream.address
      closing.push(upstream.close)
    }
    const steps = blocks.filter(isStep)
    const [diagnostics] = steps.filter(({ words }) => words[1] === 'diagnostics')
    if (diagnostics !== undefined) {
      const compiled = await compileWorkspace(workspace.dir, env)
      return at(file, diagnostics, () =>
        assert.equal(formatDiagnostics(compiled.diagnostics), diagnostics.text.trimEnd()),
      )
    }
    const development = blocks.some(({ words }) => words[0] === 'yaml' && words[2] === 'development')
    const { url, close } = await startGateway(workspace.dir, { env, development })
    closing.push(close)
    await goThrough(steps, { file, url, seen })
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

const isStep = ({ words: [, kind = ''] }: Block): boolean =>
  ['request', 'response', 'upstream-saw', 'diagnostics'].includes(kind)

const isFile = ({ words: [, name = ''] }: Block): boolean => name.includes('.')

const filesOf = (blocks: readonly Block[]): Files =>
  Object.fromEntries(blocks.filter(isFile).map(({ words, text }) => [words[1] ?? '', `${text}\n`]))

type Surroundings = { readonly seen: SeenCall[]; readonly dir: string }

/** One server for each name; of several blocks with one name the case's own are asked first. */
const startUpstreams = async (
  blocks: readonly Block[],
  { seen, dir }: Surroundings,
): Promise<readonly (readonly [string, Upstream])[]> => {
  const named = new Map<string, Block[]>()
  for (const block of blocks.filter(({ words }) => words[1] === 'upstream')) {
    const name = block.words[2] ?? ''
    named.set(name, [...(named.get(name) ?? []), block])
  }
  return Promise.all(
    [...named].map(async ([name, own]) => {
      const [kind, , , closed] = own[0]?.words ?? []
      if (closed === 'closed') {
        const address = await closedAddress()
        return [name, { address: kind === 'http' ? `http://${address}` : address, close: async () => {} }] as const
      }
      const start = kind === 'grpc' ? startGrpcUpstream : startHttpUpstream
      return [name, await start(name, { blocks: own, seen, dir })] as const
    }),
  )
}

type Conversation = { readonly file: string; readonly url: string; readonly seen: SeenCall[] }

const goThrough = async (steps: readonly Block[], { file, url, seen }: Conversation): Promise<void> => {
  let answer: { readonly reply: Answer; readonly ms: number } | undefined
  for (const step of steps) {
    await at(file, step, async () => {
      if (step.words[1] === 'request') {
        seen.length = 0
        const began = performance.now()
        const reply = await send(url, step)
        answer = { reply, ms: performance.now() - began }
      } else if (step.words[1] === 'response') {
        assert.ok(answer !== undefined, 'A response stands below its request.')
        checkAnswer(answer, { step: { ...step, text: await filled(step.text) }, seen })
      } else await checkCalls(seen, { ...step, text: await filled(step.text) })
    })
  }
  const unanswered = seen.filter(({ answered }) => !answered)
  if (steps.at(-1)?.words[1] === 'response' && unanswered.length > 0)
    assert.fail(`The page does not say how to answer ${unanswered.map(called).join(', ')}.`)
}

const called = ({ upstream, what, body }: SeenCall): string => `${upstream} ${what} ${body}`.trimEnd()

const statusLine = /^(?<status>\d{3})(?: within (?<within>\d+)ms)?$/

const checkAnswer = (
  { reply, ms }: { readonly reply: Answer; readonly ms: number },
  { step, seen }: { readonly step: Block; readonly seen: readonly SeenCall[] },
): void => {
  const [wanted] = readEntries(step, statusLine)
  assert.ok(wanted !== undefined, 'A response begins with its status.')
  const [actual, expected] = compareAnswer(reply, wanted, step.words[2] === 'exact')
  const calls = seen.map((call) => `  ${called(call)}${call.answered ? '' : '   <- the page has no answer for it'}`)
  if (actual !== expected)
    withNote(`The gateway answered:\n${reply.body}\nafter these calls:\n${calls.join('\n')}`, () =>
      assert.equal(actual, expected),
    )
  const within = Number(wanted.head.groups?.['within'] ?? Number.POSITIVE_INFINITY)
  assert.ok(ms < within, `It took ${Math.round(ms)} ms, not less than ${within}.`)
}

/** What the upstreams saw may trail the answer: a cancellation travels by itself. */
const checkCalls = async (seen: readonly SeenCall[], step: Block): Promise<void> => {
  const wanted = readEntries(step, seenHead)
  for (let tries = 0; tries < 100; tries += 1) {
    const [actual, expected] = compareCalls(seen, wanted)
    if (actual === expected) return
    await wait(10)
  }
  assert.equal(...(compareCalls(seen, wanted) as [string, string]))
}

/** Sends a request as it is written: target and headers byte by byte; only host and framing are added. */
const send = async (url: string, step: Block): Promise<Answer> => {
  const { method, target, headers, body } = await readRequest(step)
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  const framing: [string, string][] = [
    ...(given.has('host') ? [] : [['host', 'shop.test'] as [string, string]]),
    ...(body === undefined || given.has('content-length')
      ? []
      : [['content-length', String(Buffer.byteLength(body))] as [string, string]]),
  ]
  const { hostname, port } = new URL(url)
  const request = httpRequest({
    hostname,
    port,
    method,
    path: target,
    headers: [...framing, ...headers].flat() as never,
    agent: false,
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  const { statusCode = 0, rawHeaders } = response
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  return {
    status: statusCode,
    headers: names.map((name, index) => [name, rawHeaders[2 * index + 1] ?? ''] as const),
    body: await readText(response),
  }
}

type Request = {
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | undefined
}

/** `http request` is written out; `graphql request /web/graphql sub=u-1` is a document sent by POST, perhaps by a caller. */
const readRequest = async ({ words, text, line }: Block): Promise<Request> => {
  const [language, , target = '/graphql', ...claims] = words
  if (language === 'graphql') {
    const token = claims.length === 0 ? [] : ([['authorization', `Bearer {token ${claims.join(' ')}}`]] as const)
    const headers: [string, string][] = [['content-type', 'application/json']]
    for (const [name, value] of token) headers.push([name, await filled(value)])
    return { method: 'POST', target, headers, body: JSON.stringify({ query: text }) }
  }
  const block = { words, line, text: await filled(text) }
  const [entry] = readEntries(block, /^(?<method>[A-Z]+) (?<target>\S+)$/)
  const { method = '', target: path = '' } = entry?.head.groups ?? {}
  return { method, target: path, headers: entry?.headers ?? [], body: entry?.body }
}

/** Fills in `{token sub=u-1 scope=shop}` and `{repeat 3 ab}`. */
const filled = async (text: string): Promise<string> => {
  let result = text.replaceAll(/\{repeat (\d+) ([^}]*)\}/g, (_, times: string, what: string) =>
    what.repeat(Number(times)),
  )
  for (const [placeholder, words = ''] of result.matchAll(/\{token([^}]*)\}/g))
    result = result.replace(placeholder, await signToken(claimsOf(words)))
  return result
}

const claimsOf = (words: string): Record<string, unknown> =>
  Object.fromEntries(
    [...words.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = '', quoted, bare = '']) => [
      name,
      quoted ?? (/^\d+$/.test(bare) ? Number(bare) : bare),
    ]),
  )

/** Says of every failure where in the page it is. */
const at = async (file: string, { line }: Block, check: () => unknown): Promise<void> => {
  try {
    await check()
  } catch (error) {
    if (error instanceof Error) error.message = `${file}:${line}\n${error.message}`
    throw error
  }
}

const withNote = (note: string, check: () => void): void => {
  try {
    check()
  } catch (error) {
    if (error instanceof Error) error.message = `${error.message}\n${note}`
    throw error
  }
}
