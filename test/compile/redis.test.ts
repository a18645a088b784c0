import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { redisUrl } from '../../src/compile/redis.ts'

describe('the address of Redis', () => {
  it('is the URL of one server, by name and password too', () => {
    for (const url of [
      'redis://127.0.0.1:6379',
      'rediss://user:p,ss@redis.internal:6380/2',
      'redis://[::1]:6379',
      'redis://cluster.internal',
    ])
      assert.equal(redisUrl.parse(url), url)
    assert.equal(redisUrl.parse(''), undefined)
  })

  it('is refused where it names Sentinels or several nodes, with what to do, and no word of the address', () => {
    for (const url of [
      'redis+cluster://a:7000',
      'redis-cluster://user:secret@a:7000',
      'redis+sentinel://a:26379/primary',
      'rediss+cluster://a:7000',
      'redis://a:7000,b:7001,c:7002',
      'redis://user:secret@a:7000,b:7001',
      'redis://a,b',
    ]) {
      const { error } = redisUrl.safeParse(url)
      assert.match(
        error?.issues[0]?.message ?? '',
        /^Limits of a request are charged together, .* Cluster of one shard/,
        url,
      )
      assert.doesNotMatch(error?.issues[0]?.message ?? '', /secret|7000/)
    }
  })

  it('is refused where it is no URL', () => {
    for (const url of ['127.0.0.1:6379', 'http://127.0.0.1', 'redis://', 'redis://a:b', 'redis://a b'])
      assert.match(redisUrl.safeParse(url).error?.issues[0]?.message ?? '', /^Expected a URL such as redis:/, url)
  })
})
