import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../../src/compile/compile.ts'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { told } from '../../support/told.ts'

describe('ipRules', () => {
  const verdicts: readonly (readonly [string, string, number])[] = [
    ['/allowed', '10.1.2.3', 200],
    ['/allowed', '192.0.2.1', 403],
    ['/allowed', '::ffff:10.1.2.3', 200],
    ['/allowed', '::ffff:0a01:0203', 200],
    ['/allowed', '2001:db8::7', 200],
    ['/allowed', '2001:db9::7', 403],
    // Denied, whoever allows it.
    ['/allowed', '10.9.0.1', 403],
    ['/allowed', '::ffff:10.9.0.1', 403],
    ['/denied', '192.0.2.1', 200],
    ['/denied', '10.9.0.1', 403],
    ['/denied', '::ffff:10.9.0.1', 403],
    ['/denied', '2001:db8::7', 200],
    // What is no address is under no rule that anybody could name.
    ['/denied', 'unknown', 403],
    ['/denied', '10.0.0.999', 403],
    // Some proxies write ports.
    ['/denied', '192.0.2.1:4711', 200],
    ['/denied', '10.9.0.1:4711', 403],
    // Of the whole gateway.
    ['/denied', '203.0.113.5', 403],
    ['/open', '203.0.113.5', 403],
    ['/open', '192.0.2.1', 200],
    // A list of a file.
    ['/listed', '198.51.100.7', 403],
    ['/listed', '198.51.100.8', 200],
    ['/listed', '2001:db8:bad::1', 403],
  ]
  it('lets in and refuses by ranges and lists, denies before it allows, and reads IPv4 in IPv6', async (t) => {
    const { ask } = await gateway(t)
    for (const [path, address, status] of verdicts)
      assert.equal((await ask(path, { 'x-forwarded-for': address })).status, status, `${address} at ${path}`)
  })

  it('says nothing of why, and lets no cache keep it', async (t) => {
    const { ask } = await gateway(t)
    const reply = await ask('/denied', { 'x-forwarded-for': '10.9.0.1' })
    const { detail } = (await reply.json()) as { readonly detail: string }
    assert.deepEqual([detail, reply.headers.get('cache-control')], ['This is not open to you.', 'no-store'])
  })

  it('stands before authentication', async (t) => {
    const { ask } = await gateway(t)
    assert.equal((await ask('/known', { 'x-forwarded-for': '10.9.0.1', authorization: 'Bearer x' })).status, 403)
    assert.equal((await ask('/known', { 'x-forwarded-for': '10.1.2.3' })).status, 401)
  })

  it('goes by what the last trusted proxy says, never by what stands before it', async (t) => {
    const { ask } = await gateway(t)
    assert.equal((await ask('/allowed', { 'x-forwarded-for': '10.1.2.3, 192.0.2.1' })).status, 403)
    assert.equal((await ask('/allowed', { 'x-forwarded-for': '192.0.2.1, 10.1.2.3' })).status, 200)
    for (const name of ['x-real-ip', 'true-client-ip', 'forwarded', 'x-client-ip'])
      assert.equal((await ask('/allowed', { [name]: name === 'forwarded' ? 'for=10.1.2.3' : '10.1.2.3' })).status, 403)
  })

  it('believes no header where no proxy is trusted', async (t) => {
    const { ask } = await gateway(t, 'trustedProxies: []')
    assert.equal((await ask('/allowed', { 'x-forwarded-for': '10.1.2.3' })).status, 403)
    assert.equal((await ask('/denied', { 'x-forwarded-for': '10.9.0.1' })).status, 200)
  })

  it('takes a changed list with the next state of the workspace, and keeps the last good one', async (t) => {
    const { ask, dir, reload, files } = await gateway(t)
    assert.ok(files().includes('lists/bad.txt'))
    await writeFile(join(dir, 'lists/bad.txt'), '198.51.100.8\n')
    assert.equal((await reload()).ok, true)
    assert.equal((await ask('/listed', { 'x-forwarded-for': '198.51.100.7' })).status, 200)
    assert.equal((await ask('/listed', { 'x-forwarded-for': '198.51.100.8' })).status, 403)
    await writeFile(join(dir, 'lists/bad.txt'), '198.51.100.0/33\n')
    assert.equal((await reload()).ok, false)
    assert.equal((await ask('/listed', { 'x-forwarded-for': '198.51.100.8' })).status, 403)
  })

  it('tells of lists that are not there, cannot be read or hold no range', async (t) => {
    const { dir, remove } = await layWorkspace({
      'portico.yaml': `ipLists: { bad: lists/bad.txt, gone: lists/gone.txt }
ipRules: { deny: [bda, 10.0.0.0/99] }
services: {}
routes:
  - { path: /a, respond: { status: 200 }, ipRules: { allow: [partners] } }
`,
      'lists/bad.txt': '# all\n10.0.0.0/8\nnobody\n',
    })
    t.after(remove)
    const text = told((await compileWorkspace(dir, {})).diagnostics)
    assert.match(
      text,
      /ipRules\.deny\[1\][^]*Expected an address range such as 10\.0\.0\.0\/8, or the name of a list, found /,
    )
    await writeFile(
      join(dir, 'portico.yaml'),
      `ipLists: { bad: lists/bad.txt, gone: lists/gone.txt }
ipRules: { deny: [bda] }
services: {}
routes:
  - { path: /a, respond: { status: 200 }, ipRules: { allow: [partners] } }
`,
    )
    const rest = told((await compileWorkspace(dir, {})).diagnostics)
    assert.match(rest, /1:17.*ipLists\.bad[^]*lists\/bad\.txt has no address range in line 3/)
    assert.match(rest, /ipLists\.gone[^]*There is no readable file lists\/gone\.txt/)
    assert.match(
      rest,
      /ipRules\.deny\[0\][^]*bda is no address range, and no list under `ipLists`\. Did you mean bad\?/,
    )
    assert.match(rest, /routes\[0\]\.ipRules\.allow\[0\][^]*partners is no address range/)
  })
})

const gateway = async (t: TestContext, trust = 'trustedProxies: [127.0.0.0/8]') => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
${trust}
ipLists: { bad: lists/bad.txt }
ipRules: { deny: [203.0.113.0/24] }
auth:
  shoppers:
    jwt: { issuer: https://id.test, audience: portico, secret: 0123456789abcdef0123456789abcdef }
services: {}
routes:
  - { path: /open, respond: { status: 200 } }
  - { path: /allowed, respond: { status: 200 }, ipRules: { allow: [10.0.0.0/8, "2001:db8::/32"], deny: [10.9.0.0/16] } }
  - { path: /denied, respond: { status: 200 }, ipRules: { deny: ["::ffff:10.9.0.0/112"] } }
  - { path: /known, respond: { status: 200 }, auth: shoppers, ipRules: { deny: [10.9.0.0/16] } }
  - { path: /listed, respond: { status: 200 }, ipRules: { deny: [bad] } }
`,
    'lists/bad.txt': '# scanners\n198.51.100.7   # since May\n\n2001:db8:bad::/48\r\n',
  })
  t.after(remove)
  const { gateway: running, url, close } = await startGateway(dir)
  t.after(close)
  return {
    dir,
    reload: () => running.reload(),
    files: () => running.files(),
    ask: (path: string, headers: Readonly<Record<string, string>>) => fetch(url + path, { headers }),
  }
}
