import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asProblem, Problem, problemExtensions, problemJson } from '../../src/kernel/problem.ts'

describe('Problem', () => {
  it('takes status, title and retryability from its code', () => {
    const { status, title, retryable } = new Problem('RESOURCE_EXHAUSTED', 'Try again in 3 s.')
    assert.deepEqual({ status, title, retryable }, { status: 429, title: 'Too Many Requests', retryable: true })
  })

  it('takes the title of a more exact status', () => {
    assert.equal(new Problem('UNAVAILABLE', 'x', { status: 502 }).title, 'Bad Gateway')
    assert.equal(new Problem('RESOURCE_EXHAUSTED', 'x', { status: 413 }).title, 'Payload Too Large')
  })

  it('says why a value is missing as who made it does, else as its code and service do', () => {
    assert.equal(new Problem('UNAVAILABLE', 'x', { service: 'users', reason: 'OVERLOADED' }).reason, 'OVERLOADED')
    assert.equal(new Problem('DEADLINE_EXCEEDED', 'x', { service: 'users' }).reason, 'TIMEOUT')
    assert.equal(new Problem('PERMISSION_DENIED', 'x', { service: 'users' }).reason, 'UPSTREAM_ERROR')
    assert.equal(new Problem('PERMISSION_DENIED', 'x').reason, 'AUTH_DENIED')
    assert.equal(new Problem('INTERNAL', 'x').reason, 'INTERNAL')
  })

  it('never says of what is too large, or asks for too much, that it may be tried again', () => {
    assert.equal(new Problem('RESOURCE_EXHAUSTED', 'x', { status: 413 }).retryable, false)
    assert.equal(new Problem('RESOURCE_EXHAUSTED', 'x', { reason: 'COST_LIMIT' }).retryable, false)
  })
})

describe('asProblem', () => {
  it('leaves a problem as it is', () => {
    const problem = new Problem('NOT_FOUND', 'No such user.')
    assert.equal(asProblem(problem), problem)
  })

  it('says nothing of any other thrown value, and keeps it as the cause', () => {
    const thrown = new Error('connect ECONNREFUSED 10.1.2.3:5432')
    const problem = asProblem(thrown)
    assert.equal(problem.code, 'INTERNAL')
    assert.equal(problem.cause, thrown)
    assert.doesNotMatch(JSON.stringify([problemJson(problem), problemExtensions(problem, {})]), /10\.1\.2\.3/)
  })
})

describe('problemJson', () => {
  it('writes the members of RFC 9457 with code, service and request id, and never the cause', () => {
    const problem = new Problem('DEADLINE_EXCEEDED', 'users took too long.', { service: 'users', cause: 'secret' })
    assert.deepEqual(problemJson(problem, 'r1'), {
      type: 'about:blank',
      title: 'Gateway Timeout',
      status: 504,
      detail: 'users took too long.',
      code: 'DEADLINE_EXCEEDED',
      service: 'users',
      requestId: 'r1',
    })
  })

  it('leaves out what is not known', () => {
    const keys = Object.keys(problemJson(new Problem('NOT_FOUND', 'x')))
    assert.deepEqual(keys, ['type', 'title', 'status', 'detail', 'code'])
  })
})

describe('problemExtensions', () => {
  it('writes what a GraphQL error carries beside its message', () => {
    const problem = new Problem('UNAVAILABLE', 'x', { service: 'users' })
    assert.deepEqual(problemExtensions(problem, { coordinate: 'Query.user', requestId: 'r1' }), {
      code: 'UNAVAILABLE',
      service: 'users',
      coordinate: 'Query.user',
      retryable: true,
      requestId: 'r1',
    })
    assert.deepEqual(problemExtensions(new Problem('NOT_FOUND', 'x'), {}), { code: 'NOT_FOUND', retryable: false })
  })
})
