import { z } from 'zod'

const oneUrl = 'Expected a URL such as redis://127.0.0.1:6379, or rediss: for TLS.'
const oneServer =
  'Limits of a request are charged together, so all counts are on one server: give the URL of a single Redis or Valkey, of a Cluster of one shard, or of what leads to the primary after a failover, in place of Sentinels or several nodes.'

/** Addresses of Clusters and Sentinels as clients of other languages write them: `redis+cluster://…`, `redis://a:1,b:2`. */
const isOfSeveral = (input: unknown): boolean =>
  /^[a-z]+[+-](?:cluster|sentinel):|^rediss?:\/\/[^/?#]*,(?![^/?#]*@)/.test(String(input))

/** The URL of the Redis that replicas share, or an empty text for none; undefined then. */
export const redisUrl = z
  .string()
  .regex(/^(?:rediss?:\/\/\S+)?$/, { error: ({ input }) => (isOfSeveral(input) ? oneServer : oneUrl) })
  .refine((url) => url === '' || (URL.canParse(url) && !isOfSeveral(url)), {
    error: ({ input }) => (isOfSeveral(input) ? oneServer : oneUrl),
  })
  .transform((url) => (url === '' ? undefined : url))
