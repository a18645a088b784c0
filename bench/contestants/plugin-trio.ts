import httpProxy from '@fastify/http-proxy'
import fastifyJwt from '@fastify/jwt'
import rateLimit from '@fastify/rate-limit'
import { type FastifyRequest, fastify } from 'fastify'
import { tokenSecret } from '../tokens.ts'
import { serve } from './serve.ts'

/** The stock way to guard a proxy on Fastify: @fastify/jwt with its cache on, @fastify/rate-limit by user, @fastify/http-proxy. */
const app = fastify()
await app.register(fastifyJwt, {
  secret: tokenSecret,
  verify: { cache: true, algorithms: ['HS256'], allowedIss: 'https://id.bench', allowedAud: 'bench' },
})
app.addHook('onRequest', async (request) => {
  await request.jwtVerify()
})
await app.register(rateLimit, {
  max: 1_000_000_000,
  timeWindow: '1h',
  hook: 'preHandler',
  keyGenerator: ({ user }: FastifyRequest) => (user as { readonly sub: string }).sub,
})
await app.register(httpProxy, { upstream: process.env['UPSTREAM'] ?? '' })
await serve(app)
