import { startReviews } from '../../../examples/shop/reviews/service.ts'
import { type Files, startGateway } from '../../support/gateway.ts'
import { issuer } from '../../support/token.ts'
import { temporaryShop } from '../../support/workspace.ts'

export type Feed = Awaited<ReturnType<typeof startFeed>>

type FeedSettings = {
  /** Further lines of the BFF in YAML. */
  readonly bff?: readonly string[]
  /** Further lines of the workspace. */
  readonly workspace?: readonly string[]
  readonly auth?: string
  readonly intervalMs?: number
  readonly drain?: string
  /** Further files of the workspace. */
  readonly files?: Files
}

/** A gateway whose one BFF, `/app`, subscribes to the reviews of the shop's real gRPC service. */
export const startFeed = async ({
  bff = [],
  workspace = [],
  auth = '{ provider: users, optional: true }',
  intervalMs = 20,
  drain = '5s',
  files = {},
}: FeedSettings = {}) => {
  const reviews = await startReviews({ port: 0, intervalMs })
  const folder = await temporaryShop({
    'portico.yaml': [
      'listen: 127.0.0.1:0',
      `drain: ${drain}`,
      ...workspace,
      'services:',
      `  reviews: { grpc: "${reviews.address}", proto: shop/reviews/v1/reviews.proto, identity: none }`,
      'auth:',
      `  users: { jwt: { issuer: "${issuer.issuer}", audience: ${issuer.audience}, secret: "\${TOKEN_SECRET}" } }`,
      'bffs:',
      '  app:',
      '    prefix: /app',
      '    schema: feed.graphql',
      `    auth: ${auth}`,
      ...bff.map((line) => `    ${line}`),
    ].join('\n'),
    'feed.graphql': sdl,
    ...files,
  })
  const gateway = await startGateway(folder.dir, { env: { TOKEN_SECRET: issuer.secret } })
  return {
    ...gateway,
    reviews,
    dir: folder.dir,
    endpoint: `${gateway.url}/app/graphql`,
    socket: `${gateway.url.replace('http', 'ws')}/app/graphql`,
    async close() {
      await gateway.close()
      await reviews.close()
      await folder.remove()
    },
  }
}

const sdl = /* GraphQL */ `
type Query {
  written(productId: ID!): Written
    @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/ListReviews", request: { productId: "{args.productId}" })
}
type Mutation {
  write(productId: ID!): Review
    @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/CreateReview", request: { productId: "{args.productId}" })
}
type Subscription {
  added(productId: ID): Review!
    @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/WatchReviews", request: { productId: "{args.productId}" })
}
type Written { reviews: [Review!]! @listSize(assumedSize: 10) }
type Review { id: ID! rating: Int! body: String @auth(scopes: [["shop"]]) }
`
