import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authorOf, itemOf, longText, ordersOf, posts, productOf, slowMs, userOf } from './data.ts'

/**
 * The one upstream of all benches, a process of its own. It answers from bytes made once for each address, so that
 * it costs little beside the contestant, and counts: the message `count` is answered with the calls so far. What is
 * under `/slow/` takes its time, what is under `/failing/` fails.
 */
const ready = new Map<string, Buffer>()
let calls = 0

const make = (target: string): unknown => {
  const { pathname, searchParams } = new URL(target, 'http://upstream')
  const [, kind, id] = pathname.split('/')
  if (kind === 'items') return itemOf(Number(id))
  if (kind === 'users' && id !== undefined) return userOf(Number(id))
  if (kind === 'orders') return ordersOf(Number(searchParams.get('userId')))
  if (kind === 'stock') return searchParams.getAll('id').map((one) => ({ id: one, left: Number(one.slice(1)) }))
  if (kind === 'products') return searchParams.getAll('id').map(productOf)
  if (kind === 'posts') return posts
  if (kind === 'texts') return longText
  if (kind === 'users') return searchParams.getAll('id').map((one) => authorOf(Number(one)))
  throw new Error(`No upstream data at ${target}.`)
}

const answer = (target: string, response: ServerResponse): void => {
  let body = ready.get(target)
  if (body === undefined) ready.set(target, (body = Buffer.from(JSON.stringify(make(target)))))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
}

const server = createServer((request, response) => {
  calls += 1
  const target = request.url ?? '/'
  if (target.startsWith('/slow/')) setTimeout(() => answer(target.slice('/slow'.length), response), slowMs)
  else if (target.startsWith('/failing/')) response.writeHead(503, { 'content-length': 0 }).end()
  else answer(target, response)
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.send?.({ count: calls }))
process.on('disconnect', () => process.exit())
