import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'
import { serve } from './serve.ts'

/** The stock proxy of the Fastify world, with nothing else: no limit, no log, no header hygiene. */
const app = fastify()
app.register(httpProxy, { upstream: process.env['UPSTREAM'] ?? '' })
await serve(app)
