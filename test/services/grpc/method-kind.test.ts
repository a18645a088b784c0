import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import protobuf from 'protobufjs'
import { methodKind } from '../../../src/services/grpc/method-kind.ts'

describe('methodKind', () => {
  const get = 'option (google.api.http) = { get: "/x" };'
  const rows: readonly (readonly [rpc: string, kind: string, reason: string])[] = [
    ['rpc Watch(M) returns (stream M);', 'subscription', 'streams its answers'],
    ['rpc Upload(stream M) returns (M);', 'none', 'takes a stream of requests'],
    ['rpc Talk(stream M) returns (stream M);', 'none', 'takes a stream of requests'],
    [`rpc Reckon(M) returns (M) { ${get} }`, 'query', 'is reached by GET'],
    [`rpc ListAll(M) returns (stream M) { ${get} }`, 'subscription', 'streams its answers'],
    ['rpc Reckon(M) returns (M) { option idempotency_level = NO_SIDE_EFFECTS; }', 'query', 'has no side effects'],
    [
      'rpc GetLock(M) returns (M) { option idempotency_level = IDEMPOTENT; }',
      'mutation',
      'is idempotent, but has side effects',
    ],
    [
      'rpc SearchX(M) returns (M) { option (google.api.http) = { post: "/x" body: "*" }; }',
      'query',
      'is named Search…',
    ],
    ['rpc CheckX(M) returns (M) { option (google.api.http) = { delete: "/x" }; }', 'mutation', 'is reached by DELETE'],
    ['rpc GetX(M) returns (M);', 'query', 'is named Get…'],
    ['rpc BatchGetX(M) returns (M);', 'query', 'is named BatchGet…'],
    ['rpc BatchListX(M) returns (M);', 'query', 'is named BatchList…'],
    ['rpc Count(M) returns (M);', 'query', 'is named Count…'],
    ['rpc GetOrCreateX(M) returns (M);', 'mutation', 'says nowhere that it only reads'],
    ['rpc Checkout(M) returns (M);', 'mutation', 'says nowhere that it only reads'],
    ['rpc PlaceOrder(M) returns (M);', 'mutation', 'says nowhere that it only reads'],
  ]
  for (const [rpc, kind, reason] of rows)
    it(`takes ${rpc} for a ${kind}: it ${reason}`, () => {
      const { root } = protobuf.parse(`syntax = "proto3"; message M {} service S { ${rpc} }`)
      const [method] = root.lookupService('S').methodsArray
      assert.ok(method !== undefined)
      assert.deepEqual(methodKind(method), { kind, reason })
    })
})
