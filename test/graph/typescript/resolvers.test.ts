import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { resolverTypes } from '../../../src/graph/typescript/resolvers.ts'
import { layWorkspace } from '../../support/gateway.ts'
import { graphOf } from '../support/graph.ts'
import { services } from '../support/services.ts'

describe('the types of resolvers', () => {
  it('let a module compile that fits its schema, and refuse what does not', async (t) => {
    const { errors } = await compiled(
      t,
      `
      import { defineResolvers } from 'portico'
      import type { MyWebSchema } from './my-web.types.ts'

      export const resolvers = defineResolvers<MyWebSchema>({
        greet: ({ name, rank, big }, { word = 'Hi', options }) =>
          [word, name?.toUpperCase(), rank === 'HIGH', big.padStart(3), options.tags.join()].join(' '),
        friend: async (_user, { id }, { load, rest, signal, deadline }) => {
          await rest.users.post('/seen', { id }, { query: { at: deadline } })
          signal.throwIfAborted()
          return load.User(id)
        },
        made: { resolveMany: (users, _args, { grpc }) => users.map(() => ({ id: 1, full_name: 'x', paging: { next: 'n' }, sold: 5n, rank: 'h' as const })) },
      })

      // @ts-expect-error a function is missing
      defineResolvers<MyWebSchema>({ greet: () => '', friend: () => null })
      const { friend, made } = resolvers
      // @ts-expect-error a number is no String
      defineResolvers<MyWebSchema>({ friend, made, greet: () => 1 })
      // @ts-expect-error the schema has no such field in needs
      defineResolvers<MyWebSchema>({ friend, made, greet: ({ secret }) => secret })
      // @ts-expect-error an enum has no such name
      defineResolvers<MyWebSchema>({ friend, made, greet: ({ rank }) => (rank === 'MIDDLE' ? '' : '') })
      // @ts-expect-error a pure function gets no caller
      defineResolvers<MyWebSchema>({ friend, made, greet: (_user, _args, { caller }) => caller.address })
      // @ts-expect-error there is no such entity
      defineResolvers<MyWebSchema>({ made, greet: () => '', friend: (_user, { id }, { load }) => load.Product(id) })
      // @ts-expect-error the service is not listed
      defineResolvers<MyWebSchema>({ made, greet: () => '', friend: (_user, _args, { rest }) => rest.orders.get('/a') })
      // @ts-expect-error a value for each parent is a list
      defineResolvers<MyWebSchema>({ friend, greet: () => '', made: { resolveMany: () => 1 } })
    `,
    )
    assert.equal(errors, '')
  })

  it('are not needed: functions may be typed by hand', async (t) => {
    const { errors } = await compiled(
      t,
      `
      import { defineResolvers } from 'portico'
      export const resolvers = defineResolvers({
        greet: ({ name }) => String(name),
        many: { resolveMany: (parents, _args, { load }) => Promise.all(parents.map(({ id }) => load['User']?.(String(id)))) },
      })
      resolvers.greet satisfies Function
      // @ts-expect-error it has no such function
      resolvers.other
    `,
    )
    assert.equal(errors, '')
  })

  it('are the same text for the same schema', () => {
    assert.equal(text(), text())
    assert.match(text(), /^\/\/ Written by `portico types` from the schema of my-web\./)
  })
})

const sdl = `
  type Query { user(id: ID!): User @load(by: { id: "{args.id}" }) }
  input Options { tags: [String!]!  more: Options }
  type User @entity(key: "id")
    @rest(service: "users", get: "/users?ids={keys.id|join(',')}", select: "items", batch: { match: "id" }) {
    id: ID!
    name: String @from(path: "full_name")
    next: String @from(path: "paging.next")
    rank: Rank!
    big: Int64! @from(path: "sold")
    greet(word: String, options: Options!): String! @resolver(fn: "greet", needs: "{ name rank big }", pure: true)
    friend(id: ID!): User @resolver(fn: "friend", calls: ["users"])
    made: User @resolver(fn: "made", calls: ["catalog"])
  }
  enum Rank { HIGH @from(enum: ["h"]) LOW @from(enum: ["l"]) }`

const text = (): string => resolverTypes({ bff: 'my-web', graph: graphOf(sdl), services })

const settings = {
  target: 'es2024',
  module: 'nodenext',
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
  typeRoots: [resolve('node_modules/@types')],
  paths: { portico: ['./portico.ts'] },
}

/** What tsc says of a resolver module. */
const compiled = async (
  t: { readonly after: (end: () => Promise<void>) => void },
  module: string,
): Promise<{ readonly errors: string }> => {
  const from = (file: string): string => JSON.stringify(resolve('src/graph/execute', file))
  const { dir, remove } = await layWorkspace({
    'package.json': '{"type": "module"}',
    'tsconfig.json': JSON.stringify({ compilerOptions: settings, files: ['my.resolvers.ts'] }),
    'portico.ts': `export * from ${from('resolver.ts')}\nexport * from ${from('clients.ts')}\n`,
    'my-web.types.ts': text(),
    'my.resolvers.ts': module,
  })
  t.after(remove)
  const { stdout } = spawnSync(process.execPath, [
    resolve('node_modules/typescript/bin/tsc'),
    '-p',
    join(dir, 'tsconfig.json'),
  ])
  return { errors: String(stdout) }
}
