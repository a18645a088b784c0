import DataLoader from 'dataloader'
import { fastify } from 'fastify'
import mercurius from 'mercurius'
import { Pool } from 'undici'
import { type Author, greet, type Post } from '../data.ts'
import { serve } from './serve.ts'

/** GraphQL as mercurius' documentation has it: compiled queries, one DataLoader for each request. */
const upstream = new Pool(process.env['UPSTREAM'] ?? '')
const read = async <Value>(path: string): Promise<Value> => {
  const { body } = await upstream.request({ path, method: 'GET' })
  return (await body.json()) as Value
}

type Context = { readonly authors: DataLoader<number, Author | null> }

const authorsLoader = (): Context['authors'] =>
  new DataLoader(async (ids) => {
    const found = await read<Author[]>(`/users?${ids.map((id) => `id=${id}`).join('&')}`)
    const byId = new Map(found.map((author) => [author.id, author]))
    return ids.map((id) => byId.get(id) ?? null)
  })

const app = fastify()
app.register(mercurius, {
  schema: /* GraphQL */ `
    type Query { greet: String! posts: [Post!]! }
    type Post { id: ID! userId: Int! title: String! user: User }
    type User { id: ID! name: String! email: String! }
  `,
  resolvers: {
    Query: { greet: () => greet, posts: () => read<Post[]>('/posts') },
    Post: { user: ({ userId }: Post, _: unknown, context: unknown) => (context as Context).authors.load(userId) },
  },
  context: () => ({ authors: authorsLoader() }),
  path: '/blog/graphql',
  jit: 1,
})
await serve(app)
