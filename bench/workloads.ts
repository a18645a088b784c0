import {
  authorOf,
  greet,
  itemOf,
  longText,
  numbers,
  ordersOf,
  posts,
  postsQuery,
  productOf,
  taken,
  userOf,
} from './data.ts'
import { fullProductOf, productList } from './products.ts'
import { isInstalled, type ProgramName } from './programs.ts'
import { tokenOf, tokenSecret } from './tokens.ts'

/** What is asked of every contestant alike, and what a right answer is. */
export type Workload = {
  readonly name: string
  readonly title: string
  readonly requests: readonly WorkloadRequest[]
  /** The peer comes first: ratios are against it. */
  readonly contestants: readonly Contestant[]
  /** What we want of ours against the peer, in CPU time. */
  readonly goal: number
  /** The script of its upstream, where it is not the one of REST. */
  readonly upstream?: string
  /** What its upstream needs. */
  readonly needs?: ProgramName
}

export type WorkloadRequest = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly answer: unknown
}

export type Contestant = {
  readonly name: string
  readonly script: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const portico = (workspace: string, variant?: string, env?: Contestant['env']): Contestant => ({
  name: variant === undefined ? 'Portico' : `Portico, ${variant}`,
  script: './contestants/portico.ts',
  args: [workspace],
  ...(env && { env }),
})

/** Proxies that are not written in JavaScript, as far as they are installed: what the platform can never reach. */
const native: readonly Contestant[] = (['caddy', 'haproxy', 'nginx'] as const).filter(isInstalled).map((name) => ({
  name: { caddy: 'Caddy', haproxy: 'HAProxy', nginx: 'nginx' }[name],
  script: './contestants/native-proxy.ts',
  args: [name],
}))

const proxies: readonly Contestant[] = [
  { name: '@fastify/http-proxy', script: './contestants/http-proxy.ts' },
  { name: 'fast-gateway', script: './contestants/fast-gateway.ts' },
  { name: 'http-proxy-middleware', script: './contestants/http-proxy-middleware.ts' },
  portico('proxy'),
  portico('proxy', 'access log on', { ACCESS_LOG: 'true' }),
  ...native,
]
const beforeNginx = { contestants: proxies, upstream: './upstream-nginx.ts', needs: 'nginx' } as const

const proxy: Workload = {
  ...beforeNginx,
  name: 'W1',
  title: 'proxy, 1 KiB JSON',
  requests: numbers.map((number) => ({ method: 'GET', path: `/items/${number}`, answer: itemOf(number) })),
  goal: 0.71,
}

const download: Workload = {
  ...beforeNginx,
  name: 'W1B',
  title: 'proxy, an answer of 100 KiB',
  requests: [{ method: 'GET', path: '/items/long', answer: longText }],
  goal: 0.82,
}

const upload: Workload = {
  ...beforeNginx,
  name: 'W1U',
  title: 'proxy, an upload of 100 KiB',
  requests: [{ method: 'POST', path: '/items/uploads', body: JSON.stringify(longText), answer: taken }],
  goal: 0.8,
}

const guarded: Workload = {
  name: 'W2',
  title: 'W1 behind an HS256 token and a limit of each user',
  requests: numbers.map((number) => ({
    method: 'GET',
    path: `/items/${number}`,
    headers: { authorization: `Bearer ${tokenOf(number)}` },
    answer: itemOf(number),
  })),
  contestants: [
    { name: '@fastify/jwt, @fastify/rate-limit and @fastify/http-proxy', script: './contestants/plugin-trio.ts' },
    portico('guarded', undefined, { TOKEN_SECRET: tokenSecret }),
  ],
  goal: 0.63,
}

const dashboard: Workload = {
  name: 'W3',
  title: 'my-dashboard: user and orders, then their products, as one JSON',
  requests: numbers.map((number) => ({
    method: 'GET',
    path: `/shop/my-dashboard?user=${number}`,
    answer: {
      user: userOf(number),
      orders: ordersOf(number).map((order) => ({
        ...order,
        items: order.items.map(({ quantity, productId }) => ({ quantity, product: productOf(productId) })),
      })),
    },
  })),
  contestants: [
    { name: 'Fastify and undici request() by hand', script: './contestants/dashboard-by-hand.ts' },
    portico('dashboard'),
  ],
  goal: 0.82,
}

const mercurius: Contestant = { name: 'mercurius JIT and DataLoader', script: './contestants/mercurius.ts' }

const readyMade: Contestant = {
  name: 'bare Fastify, the answer made beforehand',
  script: './contestants/ready-made.ts',
}

const graphql: Workload = {
  name: 'W4',
  title: 'GraphQL: 100 posts with their 10 authors',
  requests: [
    {
      method: 'POST',
      path: '/blog/graphql',
      body: JSON.stringify({ query: postsQuery }),
      answer: {
        data: {
          posts: posts.map(({ id, userId, title }) => ({
            id: String(id),
            userId,
            title,
            user: { ...authorOf(userId), id: String(userId) },
          })),
        },
      },
    },
  ],
  contestants: [mercurius, portico('posts')],
  goal: 0.42,
}

/** A field without a service: what the way of a GraphQL request costs by itself. */
const greeting: Workload = {
  name: 'W4G',
  title: 'GraphQL: one field from a function, no call',
  requests: [
    {
      method: 'POST',
      path: '/blog/graphql',
      body: JSON.stringify({ query: '{ greet }' }),
      answer: { data: { greet } },
    },
  ],
  contestants: [
    mercurius,
    { name: 'Node http alone, the answer made beforehand', script: './contestants/plain-node.ts' },
    { ...readyMade, args: ['greet'] },
    portico('posts'),
  ],
  goal: 0.7,
}

const titles: Workload = {
  name: 'W4T',
  title: 'GraphQL: the titles of 100 posts, nothing shared',
  requests: [
    {
      method: 'POST',
      path: '/blog/graphql',
      body: JSON.stringify({ query: '{ posts { title } }' }),
      answer: { data: { posts: posts.map(({ title }) => ({ title })) } },
    },
  ],
  contestants: [mercurius, portico('posts')],
  goal: 0.87,
}

/** W4 with the one setting that peers lack; the figure depends on how many ask at once. */
const sharedGraphql: Workload = {
  ...graphql,
  name: 'W4S',
  title: 'GraphQL: 100 posts with their 10 authors, identical operations in flight shared',
  contestants: [mercurius, readyMade, portico('posts-shared', 'operations shared')],
  goal: 0.04,
}

const byHand: Contestant = {
  name: 'Fastify, grpc-js and proto-loader by hand',
  script: './contestants/products-by-hand.ts',
}

const transcodedProduct: Workload = {
  name: 'W5',
  title: 'GET /v1/products/{id} to a unary gRPC call, 10 fields',
  requests: numbers.map((number) => ({
    method: 'GET',
    path: `/v1/products/p-${number}`,
    answer: fullProductOf(`p-${number}`),
  })),
  contestants: [byHand, portico('products')],
  goal: 0.56,
  upstream: './upstream-grpc.ts',
}

const transcodedList: Workload = {
  name: 'W5L',
  title: 'GET /v1/products to a unary gRPC call, 100 products',
  requests: [{ method: 'GET', path: '/v1/products?pageSize=100', answer: productList }],
  contestants: [byHand, portico('products')],
  goal: 0.56,
  upstream: './upstream-grpc.ts',
}

/** The workloads of `node bench/transcoding.ts`, which also shows where the time goes. */
export const transcoding: readonly Workload[] = [transcodedProduct, transcodedList]

/** Every workload, in the order they are run. */
export const workloads: readonly Workload[] = [
  proxy,
  download,
  upload,
  guarded,
  dashboard,
  greeting,
  titles,
  graphql,
  sharedGraphql,
  ...transcoding,
]
