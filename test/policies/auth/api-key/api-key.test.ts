import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { KeyOwner } from '../../../../src/policies/auth/api-key/key.ts'
import { addKey, listKeys, revokeKey, rotateKey } from '../../../../src/policies/auth/api-key/manage.ts'
import { scrub } from '../../../../src/telemetry/scrub.ts'
import { stillClock } from '../../policy-app.ts'
import { compiledProviders, guardedApp } from '../provider-app.ts'

describe('an API key', () => {
  it('says whose it is, with plan and scopes', async (t) => {
    const { make, open } = await keyFile(t)
    const key = make({ owner: 'acme', plan: 'gold', scopes: ['orders:read'] })
    const { get } = await open()
    const { status, body } = await get({ 'x-api-key': key })
    assert.equal(status, 200)
    assert.equal(body.subject, 'acme')
    assert.equal(body.plan, 'gold')
    assert.deepEqual(body.scopes, ['orders:read'])
    assert.equal(body.claims?.['key'], key.split('_')[1])
  })

  it('has the roles, groups and claims of its holder, and none of those that the gateway makes', async (t) => {
    const { make, open, dir } = await keyFile(t)
    const rights = { roles: ['buyer'], groups: ['eu'], claims: { tenant: 'acme', level: 2 } }
    const key = make({ owner: 'acme', ...rights })
    const { get } = await open()
    const { body } = await get({ 'x-api-key': key })
    assert.deepEqual(body.claims, { tenant: 'acme', level: 2, sub: 'acme', key: idOf(key) })
    assert.deepEqual([body.roles, body.groups, body.keyId], [['buyer'], ['eu'], idOf(key)])
    const posing = addKey(
      join(dir, 'keys.json'),
      { owner: 'acme', expires: undefined, claims: { sub: 'eve' } },
      new Date(),
    )
    assert.match(
      'mistake' in posing ? posing.mistake : '',
      /claims: The claims sub, key, plan are the gateway’s to make/,
    )
  })

  it('is refused where it is missing, unknown, altered, of another form, twice, revoked or expired', async (t) => {
    const { make, open, dir } = await keyFile(t)
    const clock = stillClock()
    const key = make({ owner: 'acme' })
    const ended = make({ owner: 'acme', expires: new Date(clock.date() + 60_000) })
    const revoked = make({ owner: 'acme' })
    revokeKey(join(dir, 'keys.json'), idOf(revoked), new Date())
    const { get } = await open({}, { clock })
    assert.equal((await get({ 'x-api-key': ended })).status, 200)
    clock.advance(60_000)
    const other = key.endsWith('A') ? 'B' : 'A'
    for (const [value, reason] of [
      [undefined, 'missing'],
      [ended, 'expired'],
      [revoked, 'revoked'],
      [key.slice(0, -1) + other, 'unknown credential'],
      [key.replace(idOf(key), '0123456789abcdef'), 'unknown credential'],
      [`${key}=`, 'unknown credential'],
      [`${key}, ${key}`, 'unknown credential'],
      [idOf(key), 'unknown credential'],
      ['', 'unknown credential'],
      ['x'.repeat(8_000), 'unknown credential'],
    ] as const) {
      const reply = await get(value === undefined ? {} : { 'x-api-key': value })
      assert.equal(reply.status, 401, value)
      assert.equal(reply.reason, reason, value)
      assert.equal(reply.challenge, 'ApiKey realm="portico", header="x-api-key"')
      assert.doesNotMatch(JSON.stringify(reply.body), /acme|portico_/)
    }
  })

  it('may ride in the query where the settings say so, once and not beside the header', async (t) => {
    const { make, open } = await keyFile(t)
    const key = make({ owner: 'acme' })
    const closed = await open()
    assert.equal((await closed.get({}, `?api_key=${key}`)).reason, 'missing')
    const { get } = await open({ query: 'api_key' })
    assert.equal((await get({}, `?a=1&api_key=${key}`)).status, 200)
    assert.equal((await get({}, `?api_key=${key}&api_key=${key}`)).reason, 'ambiguous')
    assert.equal((await get({ 'x-api-key': key }, `?api_key=${key}`)).reason, 'ambiguous')
    assert.equal((await get({}, `?not_api_key=${key}`)).reason, 'missing')
  })

  it('of one provider is left to the next that has keys in the same header', async (t) => {
    const [first, second] = [await keyFile(t), await keyFile(t)]
    first.make({ owner: 'acme' })
    const key = second.make({ owner: 'beta' })
    const providers = new Map([
      ...(await compiledProviders({ one: { apiKey: { file: 'keys.json' } } }, first.dir)),
      ...(await compiledProviders({ two: { apiKey: { file: 'keys.json' } } }, second.dir)),
    ])
    const { get } = await guardedApp(t, { providers, rule: ['one', 'two'] })
    assert.equal((await get({ 'x-api-key': key })).body.provider, 'two')
  })

  it('stands in no log, whatever it stands in there', async (t) => {
    const { make } = await keyFile(t)
    const key = make({ owner: 'acme' })
    const line = scrub(JSON.stringify({ query: `?k=${key}`, raw: ['x-partner', key], message: `bad key ${key}` }))
    assert.doesNotMatch(line, new RegExp(key.slice(-20)))
    assert.match(line, new RegExp(`portico_${idOf(key)}_\\[removed\\]`))
  })
})

describe('a file of keys', () => {
  it('holds no key, and nobody but its owner reads it', async (t) => {
    const { make, dir } = await keyFile(t)
    const key = make({ owner: 'acme' })
    const file = join(dir, 'keys.json')
    assert.doesNotMatch(await readFile(file, 'utf8'), new RegExp(key.split('_').slice(2).join('_')))
    assert.equal((await stat(file)).mode & 0o777, 0o600)
  })

  it('is changed as a whole: of two changes at once one is refused, and nothing is lost', async (t) => {
    const { make, dir } = await keyFile(t)
    make({ owner: 'acme' })
    const file = join(dir, 'keys.json')
    await writeFile(`${file}.new`, '')
    const refused = addKey(file, { owner: 'beta', expires: undefined }, new Date())
    assert.match('mistake' in refused ? refused.mistake : '', /another change is under way/)
    const listed = listKeys(file)
    assert.deepEqual('keys' in listed && listed.keys.map(({ owner }) => owner), ['acme'])
  })

  it('gives a key the successor of its rights, and goes on with the old one for a while', async (t) => {
    const { make, open, dir } = await keyFile(t)
    const clock = stillClock()
    const old = make({ owner: 'acme', plan: 'gold', scopes: ['a'], roles: ['buyer'] })
    const now = new Date(clock.date())
    const until = new Date(clock.date() + 3_600_000)
    const made = rotateKey(join(dir, 'keys.json'), idOf(old), { now, until, expires: undefined })
    assert.ok('key' in made)
    const { get } = await open({}, { clock })
    assert.equal((await get({ 'x-api-key': old })).status, 200)
    const { body } = await get({ 'x-api-key': made.key })
    assert.deepEqual([body.plan, body.roles], ['gold', ['buyer']])
    clock.advance(3_600_000)
    assert.equal((await get({ 'x-api-key': old })).reason, 'expired')
    assert.equal((await get({ 'x-api-key': made.key })).status, 200)
  })

  it('that cannot be used is a mistake of the workspace', async (t) => {
    const { dir, make } = await keyFile(t)
    const compiled = () => compiledProviders({ partners: { apiKey: { file: 'keys.json' } } }, dir)
    await assert.rejects(compiled(), /keys\.json cannot be read\. `portico keys create partners/)
    make({ owner: 'acme' })
    const { keys } = JSON.parse(await readFile(join(dir, 'keys.json'), 'utf8')) as { keys: readonly object[] }
    for (const [text, message] of [
      ['{', /is no JSON/],
      ['[]', /is no list of keys, at its top/],
      [JSON.stringify({ keys: [{ ...keys[0], hash: 'md5:x' }] }), /at keys\[0\]\.hash/],
      [JSON.stringify({ keys: [{ ...keys[0], expires: 'soon' }] }), /at keys\[0\]\.expires/],
      [JSON.stringify({ keys: [keys[0], keys[0]] }), /has the key [0-9a-f]{16} twice/],
    ] as const) {
      await writeFile(join(dir, 'keys.json'), text)
      await assert.rejects(compiled(), message)
    }
  })
})

const idOf = (key: string): string => key.split('_')[1] ?? ''

const keyFile = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'portico-'))
  t.after(() => rm(dir, { recursive: true }))
  return {
    dir,
    make: (given: Partial<KeyOwner> & { owner: string }): string => {
      const made = addKey(join(dir, 'keys.json'), { expires: undefined, ...given }, new Date())
      assert.ok('key' in made)
      return made.key
    },
    open: async (settings: { query?: string } = {}, tools: Parameters<typeof guardedApp>[2] = {}) => {
      const providers = await compiledProviders({ partners: { apiKey: { file: 'keys.json', ...settings } } }, dir)
      return guardedApp(t, { providers, rule: 'partners' }, tools)
    },
  }
}
