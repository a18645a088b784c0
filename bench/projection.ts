import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import DataLoader from 'dataloader'
import { buildSchema, execute as executeGraphql, type GraphQLSchema, parse } from 'graphql'
import { compileWorkspace } from '../src/compile/compile.ts'
import { execute } from '../src/graph/execute/execute.ts'
import { writeAnswer } from '../src/graph/execute/write.ts'
import { createOperationStore } from '../src/graph/operation.ts'
import type { RenderedRequest } from '../src/graph/request.ts'
import { createKnownAnswers } from '../src/graph/sharing/known-answers.ts'
import { systemClock } from '../src/kernel/clock.ts'
import { frozen } from '../src/kernel/frozen.ts'
import { type Author, authorOf, type Post, posts, postsQuery } from './data.ts'
import { median } from './report.ts'

/**
 * `node bench/projection.ts`: what it costs to make the answer of the posts workload out of data that is already
 * there, without a network: our projection beside graphql-jit and graphql-js. First the projection alone; then the whole
 * operation with its batching, every call answered from memory at once; and the same where all bodies are known again,
 * as they are when services say what they said before. Microseconds for each operation.
 */
const authors = new Map(posts.map(({ userId }) => [userId, authorOf(userId)]))
const { planned, run, runAgain } = await ours()
const schema = await peerSchema()
const document = parse(postsQuery)
const { compileQuery } = createRequire(createRequire(import.meta.url).resolve('mercurius'))('graphql-jit') as {
  compileQuery: (
    schema: GraphQLSchema,
    parsed: typeof document,
  ) => { query: (root: unknown, context: unknown) => unknown }
}
const jit = compileQuery(schema.plain, document)
const jitLoading = compileQuery(schema.loading, document)
const joined = { posts: posts.map((post) => ({ ...post, user: authors.get(post.userId) })) }

const contests: Readonly<Record<string, readonly (readonly [name: string, run: () => unknown])[]>> = {
  'Projection of joined data': [
    ['graphql-jit', () => jit.query(joined, undefined)],
    ['graphql-js', () => executeGraphql({ schema: schema.plain, document, rootValue: joined })],
    ['Portico', planned],
  ],
  'Whole operation, calls answered from memory': [
    ['graphql-jit and DataLoader', () => jitLoading.query({ posts }, { authors: loader() })],
    [
      'graphql-js and DataLoader',
      () =>
        executeGraphql({ schema: schema.loading, document, rootValue: { posts }, contextValue: { authors: loader() } }),
    ],
    ['Portico', run],
    ['Portico, of bodies known again', runAgain],
  ],
}
const expected = JSON.stringify(await jitLoading.query({ posts }, { authors: loader() }))
for (const [title, contestants] of Object.entries(contests)) {
  const times = new Map<string, number[]>()
  for (let round = 0; round < 7; round += 1) {
    for (const [name, once] of contestants) {
      if (textOf(await once()) !== expected) throw new Error(`${name} answers something else.`)
      // The first round warms the code up and does not count.
      const time = await microseconds(once, 1_500)
      if (round > 0) times.set(name, [...(times.get(name) ?? []), time])
    }
  }
  const peer = median([...times.values()][0] ?? [])
  process.stdout.write(`### ${title}\n\n| | µs/operation | × graphql-jit |\n|---|--:|--:|\n`)
  for (const [name, all] of times)
    process.stdout.write(`| ${name} | ${median(all).toFixed(1)} | ${(median(all) / peer).toFixed(2)} |\n`)
  process.stdout.write('\n')
}

/** CPU time of one call, over many, one after another. */
async function microseconds(once: () => unknown, count: number): Promise<number> {
  let length = 0
  const before = process.cpuUsage()
  for (let index = 0; index < count; index += 1) {
    const result = once()
    // An answer counts when it is flat text, ready to be sent.
    length += Buffer.byteLength(textOf(result instanceof Promise ? await result : result))
  }
  const { user, system } = process.cpuUsage(before)
  if (length === 0) throw new Error('There was no answer.')
  return (user + system) / count
}

function textOf(answer: unknown): string {
  return typeof answer === 'string' ? answer : JSON.stringify(answer)
}

function loader(): DataLoader<number, Author | null> {
  return new DataLoader(async (ids) => ids.map((id) => authors.get(id) ?? null))
}

/** The planned operation over the bench's posts workspace, its calls answered from memory. */
async function ours() {
  const dir = fileURLToPath(new URL('./workspaces/posts', import.meta.url))
  const { plan: workspace } = await compileWorkspace(dir, { UPSTREAM: 'http://127.0.0.1:9' })
  const bff = workspace?.bffs[0]?.served
  if (bff === undefined) throw new Error('The workspace does not check.')
  const { graph, limits } = bff
  const operation = createOperationStore({ graph, limits, introspection: false, suggestions: false }).find(
    postsQuery,
    undefined,
  )
  if ('length' in operation) throw new Error('The query does not check.')
  const plan = operation.plan({})
  const root = {}
  const [top, child] = plan.steps
  const results: (ReadonlyMap<object, unknown> | undefined)[] = []
  if (top === undefined || child === undefined) throw new Error('The plan has two steps.')
  results[top.id] = new Map([[root, posts]])
  results[child.id] = new Map(posts.map((post) => [post, authors.get(post.userId)]))
  const refused = () => undefined

  const answer = async (request: RenderedRequest) => ({ output: answerOf(request), status: 200 })
  const tools = {
    invokes: graph.bindings.map(() => answer),
    resolvers: new Map(),
    entities: graph.entities,
    upstreamCalls: limits.upstreamCalls,
    clock: systemClock,
  }
  const { signal } = new AbortController()
  const caller = { identity: undefined, address: '127.0.0.1', requestId: 'bench' }
  const context = { deadline: Number.POSITIVE_INFINITY, caller, forward: {}, signal }
  const said = new Map<string, readonly Post[] | readonly Author[]>()
  const answerAgain = async (request: RenderedRequest) => {
    let output = said.get(request.identity)
    if (output === undefined) said.set(request.identity, (output = frozen(structuredClone(answerOf(request)))))
    return { output, status: 200 }
  }
  const knowing = { ...tools, invokes: graph.bindings.map(() => answerAgain), answers: createKnownAnswers() }
  const asked = { plan, variables: {}, context, header: () => undefined }
  return {
    planned: () => `{"data":${writeAnswer(plan.root, root, { results, refused, introspection: undefined }).text}}`,
    run: async () => {
      const { text } = await execute(asked, tools)
      return `{"data":${text}}`
    },
    runAgain: async () => {
      const { text } = await execute(asked, knowing)
      return `{"data":${text}}`
    },
  }
}

function answerOf(request: RenderedRequest): readonly Post[] | readonly Author[] {
  if (request.kind !== 'rest' || request.path === '/posts') return posts
  const ids = new URLSearchParams(request.path.slice(request.path.indexOf('?'))).getAll('id')
  return ids.flatMap((id) => authors.get(Number(id)) ?? [])
}

/** The peers' schema: one whose users are there already, and one whose users are loaded in batches. */
async function peerSchema() {
  const sdl = /* GraphQL */ `
    type Query { posts: [Post!]! }
    type Post { id: ID! userId: Int! title: String! user: User }
    type User { id: ID! name: String! email: String! }
  `
  const loading = buildSchema(sdl)
  const user = (loading.getType('Post') as import('graphql').GraphQLObjectType).getFields()['user']
  if (user !== undefined)
    user.resolve = ({ userId }: Post, _: unknown, context: { authors: DataLoader<number, Author | null> }) =>
      context.authors.load(userId)
  return { plain: buildSchema(sdl), loading }
}
