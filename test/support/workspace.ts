import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type Files, layWorkspace, type TestWorkspace } from './gateway.ts'

/** A copy of the reference workspace in a temporary folder, with some files otherwise. */
export const temporaryShop = async (changed: Files = {}): Promise<TestWorkspace> => {
  const shop = await layWorkspace({})
  for (const part of ['portico.yaml', 'schema', 'protos'])
    await cp(part, join(shop.dir, part), { recursive: true, filter: (from) => !(from in changed) })
  const over = await layWorkspace(changed)
  await cp(over.dir, shop.dir, { recursive: true })
  await over.remove()
  return shop
}

/** A workspace over one REST service: an endpoint at /app/word, and a proxy route. Ports are free ones. */
export const temporaryWorkspace = (changed: Files = {}): Promise<TestWorkspace> =>
  layWorkspace({
    'portico.yaml': `listen: \${LISTEN:-127.0.0.1:0}
probes: 127.0.0.1:0
drain: 5s
services:
  words:
    rest: \${WORDS_URL:-http://127.0.0.1:1}
    identity: none
    timeout: 10s
bffs:
  app:
    prefix: /app
    schema: schema/*.graphql
    operations: schema/operations/*.graphql
    graphql: true
routes:
  - path: /words/*
    service: words
`,
    'schema/app.graphql':
      'type Query {\n  word: Word! @rest(service: "words", get: "/words/one")\n}\ntype Word {\n  text: String!\n}\n',
    'schema/operations/word.graphql': wordOperation('first'),
    ...changed,
  })

/** An operation whose answer bears a name, to tell generations apart. */
export const wordOperation = (name: string): string =>
  `query Word @endpoint(get: "/word") {\n  word {\n    ${name}: text\n  }\n}\n`
