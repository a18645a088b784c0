import assert from 'node:assert/strict'
import { realpath, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('a resolver module', () => {
  it('is read anew by a reload, and so is what it imports', async (t) => {
    const { ask, write, gateway } = await serving(t)
    assert.deepEqual(await ask('{ word { loud } }'), { data: { word: { loud: 'ONE!' } } })
    await write('schema/marks.ts', "export const mark = '?'\n")
    assert.ok((await gateway.reload()).ok)
    assert.deepEqual(await ask('{ word { loud } }'), { data: { word: { loud: 'ONE?' } } })
  })

  it('that has not changed keeps what it holds, and is watched with all it imports', async (t) => {
    const { ask, write, gateway, dir } = await serving(t)
    await write('schema/marks.ts', 'let calls = 0\nexport const mark = { toString: () => String((calls += 1)) }\n')
    assert.ok((await gateway.reload()).ok)
    assert.deepEqual(await ask('{ word { loud } }'), { data: { word: { loud: 'ONE1' } } })
    await write('schema/app.graphql', `${files['schema/app.graphql']}\n`)
    assert.ok((await gateway.reload()).ok)
    assert.deepEqual(await ask('{ word { loud } }'), { data: { word: { loud: 'ONE2' } } })
    assert.ok(gateway.files().includes(await realpath(join(dir, 'schema/marks.ts'))))
  })

  it('that several BFFs name is one for all, also once it was read anew', async (t) => {
    const { write, gateway, url } = await serving(t)
    const loud = async (bff: string): Promise<string> => {
      const reply = await fetch(`${url}/${bff}/graphql?query={word{loud}}`)
      return ((await reply.json()) as { data: { word: { loud: string } } }).data.word.loud
    }
    await write('schema/marks.ts', 'let calls = 0\nexport const mark = { toString: () => String((calls += 1)) }\n')
    assert.ok((await gateway.reload()).ok)
    assert.deepEqual([await loud('app'), await loud('other')], ['ONE1', 'ONE2'])
  })

  it('that is broken leaves the generation that serves, and says what is wrong', async (t) => {
    const { ask, write, gateway, dir } = await serving(t)
    await write('schema/app.resolvers.ts', 'export const resolvers = { lout: () => 1, spelled: () => 1 }\n')
    assert.equal((await gateway.reload()).ok, false)
    await assert.rejects(startGateway(dir), /has no function loud, .*Did you mean "?lout"?\?/)
    await write('schema/app.resolvers.ts', 'export const resolvers = { loud: {}, spelled: () => 1 }\n')
    await assert.rejects(startGateway(dir), /loud in .* is a function, or an object with one of/)
    await write('schema/app.resolvers.ts', 'export const other = {}\n')
    await assert.rejects(startGateway(dir), /exports no `resolvers`/)
    assert.deepEqual(await ask('{ word { loud } }'), { data: { word: { loud: 'ONE!' } } })
  })

  it('finds portico in the gateway that runs it, wherever that is installed', async (t) => {
    const { ask, write, gateway } = await serving(t)
    await write(
      'schema/app.resolvers.ts',
      `import { defineResolvers, Problem } from 'portico'
export const resolvers = defineResolvers({
  loud: ({ text }) => text.toUpperCase(),
  spelled: () => { throw new Problem('FAILED_PRECONDITION', 'Nobody spells today.') },
})
`,
    )
    assert.ok((await gateway.reload()).ok)
    const { data, errors } = (await ask('{ word { loud spelled } }')) as {
      readonly data: unknown
      readonly errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]
    }
    assert.deepEqual(data, { word: { loud: 'ONE', spelled: null } })
    assert.deepEqual(
      errors.map(({ message, extensions }) => [message, extensions.code]),
      [['Nobody spells today.', 'FAILED_PRECONDITION']],
    )
  })

  it('calls the services it lists, under their guards and with what they may know of the caller', async (t) => {
    const { ask, seen } = await serving(t)
    assert.deepEqual(await ask('{ word { spelled } }'), { data: { word: { spelled: 'spelled one' } } })
    assert.deepEqual(seen, ['GET /word', 'POST /spell {"word":"one"} Bearer me'])
  })
})

const files = {
  'schema/app.graphql': `
type Query { word: Word @rest(service: "words", get: "/word") }
type Word {
  text: String!
  loud: String @resolver(fn: "loud", needs: "text", pure: true)
  spelled: String @resolver(fn: "spelled", needs: "text", calls: ["known"])
}`,
  'schema/app.resolvers.ts': `
import { mark } from './marks.ts'
export const resolvers = {
  loud: ({ text }) => text.toUpperCase() + mark,
  spelled: async ({ text }, _args, { rest }) => (await rest.known.post('/spell', { word: text })).answer,
}
`,
  'schema/marks.ts': "export const mark = '!'\n",
}

const serving = async (t: TestContext) => {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('')
    seen.push([request.method, request.url, body, request.headers.authorization].filter(Boolean).join(' '))
    const answer = request.url === '/word' ? { text: 'one' } : { answer: 'spelled one' }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { dir, remove } = await layWorkspace({
    ...files,
    'portico.yaml': `listen: 127.0.0.1:0
services:
  words: { rest: ${service}, identity: none }
  known: { rest: ${service}, identity: forward }
bffs:
  app: { prefix: /app, schema: schema/app.graphql, resolvers: schema/app.resolvers.ts }
  other: { prefix: /other, schema: schema/app.graphql, resolvers: schema/app.resolvers.ts }
`,
  })
  const { gateway, url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await remove()
  })
  return {
    gateway,
    url,
    dir,
    seen,
    write: (file: string, text: string) => writeFile(join(dir, file), text),
    ask: async (query: string): Promise<unknown> => {
      const reply = await fetch(`${url}/app/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer me' },
        body: JSON.stringify({ query }),
      })
      return reply.json()
    },
  }
}
