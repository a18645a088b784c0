import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { Identity } from '../../../src/kernel/caller.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { type Authenticator, type Bearer, refused } from '../../../src/policies/auth/authenticator.ts'
import { combine } from '../../../src/policies/auth/combine.ts'
import { authConfig } from '../../../src/policies/auth/config.ts'

describe('a rule of auth', () => {
  it('reads its short forms as what they stand for', () => {
    const optional = { combine: 'anyOf', providers: ['a'], optional: true }
    assert.deepEqual(authConfig.parse('a'), { combine: 'anyOf', providers: ['a'], optional: false })
    assert.deepEqual(authConfig.parse({ provider: 'a', optional: true }), optional)
    assert.deepEqual(authConfig.parse(['a', 'anonymous']), optional)
    assert.deepEqual(authConfig.parse({ anyOf: ['a'], optional: true }), optional)
    assert.deepEqual(authConfig.parse('anonymous'), { ...optional, providers: [] })
    assert.deepEqual(authConfig.parse({ allOf: ['a', 'b'] }), {
      combine: 'allOf',
      providers: ['a', 'b'],
      optional: false,
    })
  })
})

describe('any of several providers', () => {
  it('takes the one whose credential is there, and the first listed of two', async () => {
    const find = combine(any, [keys('x-a'), keys('x-b')])
    assert.equal((await find(bearing({ 'x-b': 'good' })))?.provider, 'x-b')
    assert.equal((await find(bearing({ 'x-a': 'good', 'x-b': 'good' })))?.provider, 'x-a')
  })

  it('never passes over a credential that is refused, neither to the next provider nor to anonymous', () => {
    const find = combine({ ...any, optional: true }, [keys('x-a'), keys('x-b')])
    assert.throws(() => find(bearing({ 'x-a': 'bad', 'x-b': 'good' })), { code: 'UNAUTHENTICATED' })
    assert.throws(() => find(bearing({ 'x-a': 'bad' })), { code: 'UNAUTHENTICATED' })
  })

  it('asks the next one about what the first leaves to others, and refuses in its words where nobody takes it', () => {
    const find = combine({ ...any, optional: true }, [keys('x-a', { leaves: true }), keys('x-a')])
    assert.equal((find(bearing({ 'x-a': 'good' })) as Identity).provider, 'x-a')
    const alone = combine({ ...any, optional: true }, [keys('x-a', { leaves: true })])
    assert.throws(() => alone(bearing({ 'x-a': 'good' })), { message: 'Not mine.' })
  })

  it('does not let a credential of one kind make up for one of another that nobody takes', () => {
    const find = combine(any, [keys('x-a', { leaves: true }), keys('x-b')])
    assert.throws(() => find(bearing({ 'x-a': 'good', 'x-b': 'good' })), { message: 'Not mine.' })
  })

  it('asks for each kind of credential by a challenge of its own', () => {
    const find = combine(any, [keys('x-a'), keys('x-b'), keys('x-a')])
    assert.throws(
      () => find(bearing({})),
      (problem: Problem) => problem.headers['www-authenticate'] === 'Test in="x-a", Test in="x-b"',
    )
  })

  it('lets in who shows nothing where that is optional, but nobody by a scheme that no provider knows', () => {
    const find = combine({ ...any, optional: true }, [keys('x-a')])
    assert.equal(find(bearing({})), undefined)
    assert.throws(() => find(bearing({ authorization: 'Digest x' })), { code: 'UNAUTHENTICATED' })
  })
})

describe('all of several providers', () => {
  it('needs every one, and puts the others beside the first until the first of them ends', async () => {
    const find = combine(all, [keys('x-a', { expiresAt: 20 }), keys('x-b', { expiresAt: 10, slow: true })])
    const identity = await find(bearing({ 'x-a': 'good', 'x-b': 'good' }))
    assert.equal(identity?.provider, 'x-a')
    assert.equal(identity?.expiresAt, 10)
    assert.deepEqual(
      identity?.beside?.map(({ provider }) => provider),
      ['x-b'],
    )
  })

  it('refuses some without the others, wrong ones and, where it is not optional, none', async () => {
    const find = combine({ ...all, optional: true }, [keys('x-a', { slow: true }), keys('x-b')])
    assert.throws(() => find(bearing({ 'x-a': 'good' })), { message: 'Several credentials are needed at once.' })
    assert.throws(() => find(bearing({ 'x-a': 'good', 'x-b': 'bad' })), { code: 'UNAUTHENTICATED' })
    await assert.rejects(async () => find(bearing({ 'x-a': 'bad', 'x-b': 'good' })), { code: 'UNAUTHENTICATED' })
    assert.equal(find(bearing({})), undefined)
    assert.throws(() => combine(all, [keys('x-a'), keys('x-b')])(bearing({})), { code: 'UNAUTHENTICATED' })
  })
})

const any = { combine: 'anyOf', optional: false } as const
const all = { combine: 'allOf', optional: false } as const

const bearing = (headers: Readonly<Record<string, string>>): Bearer => ({
  headers,
  url: '/',
  protocol: 'http',
  raw: { rawHeaders: Object.entries(headers).flat(), socket: new Socket() },
})

/** A provider whose credential is a header that says `good`. */
const keys = (
  header: string,
  { leaves, slow, expiresAt }: { leaves?: boolean; slow?: boolean; expiresAt?: number } = {},
): Authenticator => ({
  challenge: `Test in="${header}"`,
  find({ headers }) {
    const value = headers[header]
    if (value === undefined) return undefined
    if (leaves === true) return new Problem('UNAUTHENTICATED', 'Not mine.')
    const bad = refused('unknown credential', { detail: 'Refused.', challenge: 'Test' })
    const identity = { provider: header, subject: undefined, scopes: new Set<string>(), claims: {}, expiresAt }
    if (slow === true) return value === 'good' ? Promise.resolve(identity) : Promise.reject(bad)
    if (value !== 'good') throw bad
    return identity
  },
})
