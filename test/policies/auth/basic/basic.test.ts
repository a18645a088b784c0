import assert from 'node:assert/strict'
import { randomBytes, scryptSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { passwordLine } from '../../../../src/policies/auth/basic/password.ts'
import { stillClock } from '../../policy-app.ts'
import { compiledProviders, guardedApp } from '../provider-app.ts'

describe('a user and a password', () => {
  it('are taken where they are right, and hashed once in a while', async (t) => {
    const clock = stillClock()
    const { get } = await guarded(t, [['ada', 'a:b ü']], { clock })
    const reply = await get(basic('ada:a:b ü'))
    assert.equal(reply.status, 200)
    assert.equal(reply.body.subject, 'ada')
    assert.equal((await get(basic('ada:a:b u\u0308'))).status, 200, 'both spellings of ü are one')
    clock.advance(300_000)
    assert.equal((await get(basic('ada:a:b ü'))).status, 200)
  })

  it('have the rights that stand behind the password', async (t) => {
    const line = await passwordLine('ada', 'right', { roles: ['night shift'], claims: { tenant: 'a:b' } })
    assert.ok(typeof line === 'string')
    const { get } = await guardedApp(t, {
      providers: await guardedBy(t, line, { transport: 'any' }),
      rule: 'staff',
    })
    const { body } = await get(basic('ada:right'))
    assert.deepEqual([body.roles, body.claims], [['night shift'], { tenant: 'a:b', sub: 'ada' }])
  })

  it('are refused in the same words whether the user or the password is wrong', async (t) => {
    const { get } = await guarded(t, [['ada', 'right']])
    for (const [credential, reason] of [
      ['ada:wrong', 'unknown credential'],
      ['ada:wrong', 'unknown credential'],
      ['eve:right', 'unknown credential'],
      ['ada:', 'unknown credential'],
      [':', 'unknown credential'],
      ['__proto__:x', 'unknown credential'],
      ['ada', 'malformed'],
    ] as const) {
      const reply = await get(basic(credential))
      assert.equal(reply.status, 401, credential)
      assert.equal(reply.reason, reason, credential)
      assert.equal(reply.challenge, 'Basic realm="portico", charset="UTF-8"')
      if (reason === 'unknown credential')
        assert.equal(reply.body.detail, 'The credential was refused. User or password is wrong.')
    }
    assert.equal((await get({ authorization: 'Basic %%%' })).reason, 'malformed')
    assert.equal((await get({ authorization: 'Basic' })).reason, 'malformed')
    assert.equal((await get(basic(`ada:${'x'.repeat(2_000)}`))).reason, 'malformed')
    assert.equal((await get()).reason, 'missing')
  })

  it('are refused over connections that can be read, unless the settings allow those', async (t) => {
    const { get } = await guarded(t, [['ada', 'right']], {}, {})
    assert.equal((await get(basic('ada:right'))).reason, 'insecure transport')
  })

  it('that many guess at once wait for each other, and past a bound are sent away', async (t) => {
    const { get } = await guardedApp(t, {
      providers: await guardedBy(t, cheapLine('ada', 'right'), { transport: 'any' }),
      rule: 'staff',
    })
    const replies = await Promise.all(Array.from({ length: 80 }, (_, n) => get(basic(`ada:guess ${n}`))))
    const statuses = replies.map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 503).length, 80 - 66)
    assert.equal(statuses.filter((status) => status === 401).length, 66)
    const same = await Promise.all(Array.from({ length: 80 }, () => get(basic('ada:right'))))
    assert.deepEqual(new Set(same.map(({ status }) => status)), new Set([200]))
  })
})

describe('a file of passwords', () => {
  it('takes scrypt of a sound cost alone, and says of other lines what to do', async (t) => {
    const line = await passwordLine('ada', 'right')
    assert.ok(typeof line === 'string')
    for (const [text, message] of [
      ['ada:$apr1$eFnXf7hB$YM4DD/Y/7rcrZxSrLhB8X.', /Line 1 of users: the password of ada is of MD5/],
      ['ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', /is of SHA-1/],
      ['ada:$2y$05$abcdefghijklmnopqrstuuJ3H3kq1b0HqkPqmYxQn7p9cYQm8i2iW', /bcrypt.*`portico keys hash-password ada`/],
      ['ada:rl6MpCXcCbQ6s', /is of crypt\(3\)/],
      ['ada:right', /is of no form that is known/],
      [line.replace('ln=15', 'ln=10'), /has a cost that is not taken/],
      [line.replace('ln=15', 'ln=30'), /has a cost that is not taken/],
      [`${line}\n${line}`, /Line 2 of users has the user ada again/],
      ['# none\n:x', /Line 2 of users has no user/],
      [`${line}:admin`, /Line 1 of users: what ada may is not understood \(no JSON\)\. Expected JSON such as/],
      [`${line}:{"role":["admin"]}`, /what ada may is not understood \(Unrecognized key: "role"\)/],
      [`${line}:{"claims":{"sub":"eve"}}`, /claims: The claims sub, key, plan are the gateway’s to make/],
    ] as const)
      await assert.rejects(guardedBy(t, text), message)
  })

  it('has no line for a user with a colon, or an empty password', async () => {
    assert.ok(typeof (await passwordLine('a:b', 'x')) === 'object')
    assert.ok(typeof (await passwordLine('', 'x')) === 'object')
    assert.ok(typeof (await passwordLine('ada', '')) === 'object')
  })
})

/** A line of the least cost that is taken. */
const cheapLine = (user: string, password: string): string => {
  const [salt, cost] = [randomBytes(16), { N: 2 ** 14, r: 8, p: 1 }]
  const hash = scryptSync(password, salt, 32, { ...cost, maxmem: 256 * cost.N * cost.r })
  const bare = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
  return `${user}:$scrypt$ln=14,r=8,p=1$${bare(salt)}$${bare(hash)}`
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

const guarded = async (
  t: TestContext,
  users: readonly (readonly [user: string, password: string])[],
  tools: Parameters<typeof guardedApp>[2] = {},
  settings: { transport?: 'any' } = { transport: 'any' },
) => {
  const lines = await Promise.all(users.map(([user, password]) => passwordLine(user, password)))
  return guardedApp(
    t,
    { providers: await guardedBy(t, `# users\n\n${lines.map(String).join('\r\n')}\n`, settings), rule: 'staff' },
    tools,
  )
}

const guardedBy = async (t: TestContext, text: string, settings: { transport?: 'any' } = {}) => {
  const dir = await mkdtemp(join(tmpdir(), 'portico-'))
  t.after(() => rm(dir, { recursive: true }))
  await writeFile(join(dir, 'users'), text)
  return compiledProviders({ staff: { basic: { file: 'users', ...settings } } }, dir)
}
