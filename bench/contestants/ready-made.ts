import { fastify } from 'fastify'
import { authorOf, greet, posts } from '../data.ts'
import { serve } from './serve.ts'

/** An answer made beforehand, of W4 or of W4G, sent by bare Fastify: what no gateway on it can cost less than. */
const answers: Readonly<Record<string, unknown>> = {
  greet: { data: { greet } },
  posts: {
    data: {
      posts: posts.map(({ id, userId, title }) => ({
        id: String(id),
        userId,
        title,
        user: { ...authorOf(userId), id: String(userId) },
      })),
    },
  },
}
const answer = Buffer.from(JSON.stringify(answers[process.argv[2] ?? 'posts']))
const app = fastify()
app.post('/blog/graphql', (_request, reply) => reply.type('application/json; charset=utf-8').send(answer))
await serve(app)
