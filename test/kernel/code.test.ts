import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Code, codeOfGrpc, codeOfStatus, codes } from '../../src/kernel/code.ts'

describe('codeOfGrpc', () => {
  it('knows every status number of gRPC but OK, and takes strange ones for UNKNOWN', () => {
    const names = Object.keys(codes) as Code[]
    assert.equal(names.length, 16)
    for (const name of names) assert.equal(codeOfGrpc(codes[name].grpc), name)
    assert.deepEqual([codeOfGrpc(0), codeOfGrpc(17), codeOfGrpc(-1)], ['UNKNOWN', 'UNKNOWN', 'UNKNOWN'])
  })
})

describe('codeOfStatus', () => {
  it('says the same as the HTTP status', () => {
    assert.deepEqual([400, 401, 403, 404, 409, 429, 501, 502, 503, 504].map(codeOfStatus), [
      ...(['INVALID_ARGUMENT', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'NOT_FOUND', 'ABORTED'] as const),
      ...(['RESOURCE_EXHAUSTED', 'UNIMPLEMENTED', 'UNAVAILABLE', 'UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const),
    ])
  })

  it('blames the request for other 4xx and the upstream for the rest', () => {
    assert.deepEqual([418, 422, 500, 599, 302].map(codeOfStatus), [
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
      'INTERNAL',
      'INTERNAL',
      'INTERNAL',
    ])
  })
})
