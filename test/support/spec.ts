import assert from 'node:assert/strict'
import { diff } from 'node:util'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { formatDiagnostics } from '../../src/kernel/diagnostic.ts'
import { type Files, layWorkspace, startGateway } from './gateway.ts'
import { type Answer, compareAnswer, compareCalls, seenHead } from './spec-compare.ts'
import { startGrpcUpstream } from './spec-grpc.ts'
import { callNatively } from './spec-grpc-request.ts'
import { type Block, type Case, type Page, readEntries } from './spec-page.ts'
import { filled, send } from './spec-request.ts'
import { closedAddress, type SeenCall, startHttpUpstream, type Upstream } from './spec-upstream.ts'
import { issuer } from './token.ts'
import { until } from './until.ts'

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
      return at(file, diagnostics, () => agree(formatDiagnostics(compiled.diagnostics), diagnostics.text.trimEnd()))
    }
    const development = blocks.some(({ words }) => words[0] === 'yaml' && words[2] === 'development')
    const { url, close } = await startGateway(workspace.dir, { env, development })
    closing.push(close)
    await goThrough(steps, { file, url, seen, dir: workspace.dir })
  } finally {
    for (const close of closing.toReversed()) await close()
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
    named.set(name, [...(named.get(name) ?? []), { ...block, text: await filled(block.text) }])
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

type Conversation = { readonly file: string; readonly url: string; readonly seen: SeenCall[]; readonly dir: string }

const goThrough = async (steps: readonly Block[], { file, url, seen, dir }: Conversation): Promise<void> => {
  let answer: Answer | undefined
  for (const step of steps) {
    await at(file, step, async () => {
      if (step.words[1] === 'request') {
        seen.length = 0
        answer = await (step.words[0] === 'grpc' ? callNatively(url, dir, step) : send(url, step))
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

const statusLine = /^(?<status>\d{3})$/

const checkAnswer = (
  reply: Answer,
  { step, seen }: { readonly step: Block; readonly seen: readonly SeenCall[] },
): void => {
  const [wanted] = readEntries(step, statusLine)
  assert.ok(wanted !== undefined, 'A response begins with its status.')
  const [actual, expected] = compareAnswer(reply, wanted, step.words[2] === 'exact')
  const calls = seen.map((call) => `  ${called(call)}${call.answered ? '' : '   <- the page has no answer for it'}`)
  agree(actual, expected, `The gateway answered\n  ${reply.body}\nafter these calls\n${calls.join('\n')}`)
}

/** What the upstreams saw may trail the answer: a cancellation travels by itself. */
const checkCalls = async (seen: readonly SeenCall[], step: Block): Promise<void> => {
  const wanted = readEntries(step, seenHead)
  const agrees = (): boolean => {
    const [actual, expected] = compareCalls(seen, wanted)
    return actual === expected
  }
  await until(agrees).catch(() => agree(...compareCalls(seen, wanted)))
}

/** Fails with the lines in which two texts differ. */
const agree = (actual: string, expected: string, note = ''): void => {
  if (actual === expected) return
  const changes = diff(actual.split('\n'), expected.split('\n'))
  const signs = { '-1': '- ', '0': '  ', '1': '+ ' }
  const lines = changes.map(([sign, line]) => `${signs[sign as unknown as keyof typeof signs]}${line}`)
  throw new Error(['- expected by the page, + found', ...lines, note].join('\n'))
}

/** Says of every failure where in the page it is, instead of where in the runner. */
const at = async (file: string, { line }: Block, check: () => unknown): Promise<void> => {
  try {
    await check()
  } catch (cause) {
    const failure = new Error(`${file}:${line}\n${cause instanceof Error ? cause.message : String(cause)}`)
    failure.stack = failure.message
    throw failure
  }
}
