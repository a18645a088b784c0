import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { parse } from 'yaml'
import { portico } from '../support/command.ts'
import { temporaryShop, temporaryWorkspace, wordOperation } from '../support/workspace.ts'

describe('portico openapi', () => {
  it('explains itself with an example', async () => {
    const { status, out } = await portico(['openapi', '--help'])
    assert.equal(status, 0)
    assert.match(out, /^Usage: portico openapi .*\n[\s\S]*Examples:\n +portico openapi/)
  })

  it('prints all routes in one document, each under its own path', async (t) => {
    const { status, out, err } = await portico(['openapi', await transcodingShop(t)])
    assert.deepEqual([status, err], [0, ''])
    const { openapi, servers, paths } = JSON.parse(out) as Printed
    assert.deepEqual([openapi, servers], ['3.1.1', [{ url: '/' }]])
    assert.ok(paths['/api/v1/products/{id}'] && paths['/pay/shop.payments.v1.Payments/GetPayment'])
  })

  it('prints one route under a server that clients reach, as YAML', async (t) => {
    const dir = await transcodingShop(t)
    const args = ['openapi', dir, '--route', '/api/*', '--server', 'https://api.shop.example/', '--format', 'yaml']
    const { out } = await portico(args)
    const { servers, paths } = parse(out) as Printed
    assert.deepEqual(servers, [{ url: 'https://api.shop.example/api' }])
    assert.deepEqual(Object.keys(paths['/v1/products/{id}'] ?? {}), ['get', 'patch'])
    assert.doesNotMatch(out, /[&*]a1/)
  })

  it('writes a file and prints nothing', async (t) => {
    const dir = await transcodingShop(t)
    const file = join(dir, 'api.json')
    assert.deepEqual(await portico(['openapi', dir, '--out', file]), { status: 0, out: '', err: '' })
    assert.equal((JSON.parse(await readFile(file, 'utf8')) as Printed).openapi, '3.1.1')
  })

  it('says which file it cannot write, and exits 1', async (t) => {
    const dir = await transcodingShop(t)
    const { status, err } = await portico(['openapi', dir, '--out', join(dir, 'none', 'api.json')])
    assert.equal(status, 1)
    assert.match(err, /none\/api\.json cannot be written/)
  })

  it('suggests the route that may be meant, and exits 1', async (t) => {
    const { status, out, err } = await portico(['openapi', await transcodingShop(t), '--route', '/ap/*'])
    assert.deepEqual([status, out], [1, ''])
    assert.equal(err, 'There is no transcoded route /ap/*. Did you mean /api/*?\n')
  })

  it('says that there is nothing to document, and exits 1', async (t) => {
    const yaml = 'services:\n  words: { rest: "http://127.0.0.1:1", identity: none }\n'
    const { dir, remove } = await temporaryWorkspace({ 'portico.yaml': yaml })
    t.after(remove)
    const { status, err } = await portico(['openapi', dir])
    assert.equal(status, 1)
    assert.match(err, /nothing to document/)
  })

  it('prints the endpoints of one BFF, under its prefix', async (t) => {
    const { dir, remove } = await temporaryWorkspace()
    t.after(remove)
    const { servers, paths } = JSON.parse((await portico(['openapi', dir, '--bff', 'app'])).out) as Printed
    assert.deepEqual(servers, [{ url: '/app' }])
    assert.deepEqual(Object.keys(paths), ['/word'])
  })

  it('suggests the BFF that may be meant, and exits 1', async (t) => {
    const { dir, remove } = await temporaryWorkspace()
    t.after(remove)
    const { status, err } = await portico(['openapi', dir, '--bff', 'ap'])
    assert.deepEqual([status, err], [1, 'There is no BFF ap with endpoints. Did you mean app?\n'])
  })

  it('writes contracts, which check then compares with', async (t) => {
    const { dir, remove } = await temporaryWorkspace()
    t.after(remove)
    assert.deepEqual(await portico(['openapi', dir, '--contract']), { status: 0, out: 'contracts/app.json\n', err: '' })
    assert.equal((await portico(['check', dir])).status, 0)
    await writeFile(join(dir, 'schema/operations/word.graphql'), wordOperation('second'))
    const { status, err } = await portico(['check', dir])
    assert.equal(status, 1)
    assert.match(err, /PORTICO-607\n.*\n.*GET \/word: the answer: word\.first is gone/)
  })

  it('prints the mistakes of a workspace, and exits 1', async (t) => {
    const dir = await transcodingShop(t, '  - path: /more/*\n    transcode: catalogue\n')
    const { status, out, err } = await portico(['openapi', dir])
    assert.deepEqual([status, out], [1, ''])
    assert.match(err, /Did you mean catalog\?/)
  })

  for (const [args, said] of [
    [['--format', 'xml'], /Allowed choices are json, yaml/],
    [['--server', 'api'], /Expected an http or https URL/],
  ] as const)
    it(`exits 2 on ${args.join(' ')}`, async () => {
      const { status, err } = await portico(['openapi', ...args])
      assert.equal(status, 2)
      assert.match(err, said)
    })
})

type Printed = {
  readonly openapi: string
  readonly servers: readonly object[]
  readonly paths: Readonly<Record<string, object>>
}

const transcodingShop = async (t: TestContext, more = ''): Promise<string> => {
  const yaml = await readFile('portico.yaml', 'utf8')
  const routes = '  - path: /pay/*\n    transcode: payments\n'
  const { dir, remove } = await temporaryShop({ 'portico.yaml': `${yaml.trimEnd()}\n${routes}${more}` })
  t.after(remove)
  return dir
}
