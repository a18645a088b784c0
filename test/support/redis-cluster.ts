import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { startRedis, type TestRedis } from './redis.ts'
import { until } from './until.ts'

export type TestCluster = {
  /** One for each shard. */
  readonly nodes: readonly TestRedis[]
  /** The node that has a key. */
  readonly ownerOf: (key: string) => Promise<TestRedis>
  readonly stop: () => Promise<void>
}

const slots = 16_384

/** A real Cluster of as many shards, without replicas. */
export const startRedisCluster = async (shards: number): Promise<TestCluster> => {
  const dirs = await Promise.all(Array.from({ length: shards }, () => mkdtemp(join(tmpdir(), 'portico-redis-'))))
  const ports = await Promise.all(dirs.map(freePort))
  const nodes = await Promise.all(
    dirs.map((dir, index) =>
      startRedis(['--cluster-enabled', 'yes', '--cluster-port', String(ports[index]), '--dir', dir]),
    ),
  )
  const clients = nodes.map(({ url }) => new Redis(url, { enableReadyCheck: false }))
  const startOf = (index: number): number => Math.floor((slots * index) / shards)
  await Promise.all(
    clients.map((client, index) =>
      client.call('cluster', 'addslotsrange', String(startOf(index)), String(startOf(index + 1) - 1)),
    ),
  )
  for (const [index, { url }] of nodes.entries())
    await clients[0]?.call('cluster', 'meet', '127.0.0.1', new URL(url).port, String(ports[index]))
  await until(async () => {
    const states = await Promise.all(clients.map((client) => client.call('cluster', 'info')))
    return states.every((state) => String(state).includes('cluster_state:ok'))
  })
  return {
    nodes,
    async ownerOf(key) {
      const slot = Number(await clients[0]?.call('cluster', 'keyslot', key))
      return nodes.find((_, index) => slot < startOf(index + 1)) as TestRedis
    },
    async stop() {
      for (const client of clients) client.disconnect()
      await Promise.all(nodes.map(({ stop }) => stop()))
      await Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true })))
    },
  }
}
