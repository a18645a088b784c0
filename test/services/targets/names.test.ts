import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createLookup, type Found } from '../../../src/services/targets/names.ts'
import { type Discovery, defaults } from '../../../src/services/targets/settings.ts'
import { startDns } from '../../support/dns.ts'
import { missing } from '../../support/programs.ts'

describe('names of targets, asked of a DNS server', { skip: missing('dnsmasq') }, () => {
  it('lead to all their A and AAAA records, for as long as those say', async (test) => {
    const { look } = await dns(test, { 'users.test': ['10.0.0.1', '10.0.0.2', 'fd00::1'] })
    const answer = await look('users.test', { kind: 'dns' })
    assert.deepEqual(places(answer), ['10.0.0.1:80', '10.0.0.2:80', 'fd00::1:80'])
    assert.equal(answer.forMs, 1_000)
  })

  it('lead to what another name has, where the workspace names one', async (test) => {
    const { look } = await dns(test, { 'users-headless.test': ['10.0.0.3'] })
    const answer = await look('users.test', { kind: 'dns', name: 'users-headless.test' })
    assert.deepEqual(places(answer), ['10.0.0.3:80'])
    assert.equal(answer.addresses[0]?.name, 'users.test', 'its certificate is still the one of the target')
  })

  it('lead to the hosts, ports, priorities and weights of SRV records', async (test) => {
    const { look } = await dns(test, { 'a.test': ['10.0.0.1'], 'b.test': ['10.0.0.2'] }, [
      '_http._tcp.users.test,a.test,5001,0,3',
      '_http._tcp.users.test,b.test,5002,1,0',
    ])
    const { addresses } = await look('users.test', { kind: 'srv', name: '_http._tcp.users.test' })
    assert.deepEqual(
      addresses
        .map(({ host, port, priority, weight }) => ({ host, port, priority, weight }))
        .toSorted((one, other) => one.port - other.port),
      [
        { host: '10.0.0.1', port: 5001, priority: 0, weight: 3 },
        { host: '10.0.0.2', port: 5002, priority: 1, weight: 0.1 },
      ],
    )
  })

  it('are a failure where there is no such name', async (test) => {
    const { look } = await dns(test, {})
    await assert.rejects(look('nobody.test', { kind: 'dns' }), { code: 'ENOTFOUND' })
    await assert.rejects(look('nobody.test', { kind: 'srv' }), { code: 'ENOTFOUND' })
  })

  it('are looked up again and lead elsewhere when DNS does', async (test) => {
    const { look, lead } = await dns(test, { 'users.test': ['10.0.0.1'] })
    assert.deepEqual(places(await look('users.test', { kind: 'dns' })), ['10.0.0.1:80'])
    await lead({ 'users.test': ['10.0.0.9'] })
    assert.deepEqual(places(await look('users.test', { kind: 'dns' })), ['10.0.0.9:80'])
  })
})

describe('names of targets, asked of the system', () => {
  it('lead to all addresses that it knows, hosts file included', async () => {
    const look = createLookup(defaults.discovery)
    const answer = await look({ name: 'localhost', port: 80, weight: 2, priority: 0 })
    assert.ok(places(answer).includes('127.0.0.1:80'))
    assert.equal(answer.forMs, 30_000)
    assert.equal(answer.addresses[0]?.weight, 2)
  })
})

const places = ({ addresses }: Found): string[] => addresses.map(({ host, port }) => `${host}:${port}`).toSorted()

const dns = async (
  test: TestContext,
  names: Readonly<Record<string, readonly string[]>>,
  srv: readonly string[] = [],
) => {
  const server = await startDns(test, srv)
  await server.lead(names)
  return {
    lead: server.lead,
    look: (name: string, discovery: Partial<Discovery>) =>
      createLookup({ ...defaults.discovery, servers: [server.address], ...discovery })({
        name,
        port: 80,
        weight: 1,
        priority: 0,
      }),
  }
}
