import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { describe, it, type TestContext } from 'node:test'
import { runProgram } from '../../src/cli/program.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('portico keys', () => {
  it('makes a key that a reloaded gateway takes, lists it without it, and ends it', async (t) => {
    const { dir, run } = await workspace(t)
    const made = await run([
      'create',
      'partners',
      '--owner',
      'acme',
      '--plan',
      'gold',
      '--scope',
      'a',
      'b',
      '--expires',
      '90d',
    ])
    assert.equal(made.exit, 0)
    const key = made.out.trim()
    assert.match(key, /^portico_[0-9a-f]{16}_[\w-]{43}$/)
    assert.match(made.err, /only time/)
    const { gateway, url, close } = await startGateway(dir)
    t.after(close)
    const status = async (given: string) => (await fetch(`${url}/hello`, { headers: { 'x-api-key': given } })).status
    assert.equal(await status(key), 200)

    const id = key.split('_')[1] ?? ''
    const listed = await run(['list', 'partners'])
    assert.match(listed.out, new RegExp(`^${id}  acme  gold  a,b  until `))
    assert.doesNotMatch((await run(['list', 'partners', '--json'])).out, /hash|sha256/)

    const next = (await run(['rotate', 'partners', id, '--grace', '1h'])).out.trim()
    assert.equal((await run(['revoke', 'partners', id])).out, `${id} of acme is revoked.\n`)
    assert.equal((await gateway.reload()).ok, true)
    assert.equal(await status(key), 401)
    assert.equal(await status(next), 200)
  })

  it('writes what a key may, of claims the words or the JSON', async (t) => {
    const { run } = await workspace(t)
    const args = ['--owner', 'acme', '--role', 'buyer', 'night shift', '--group', 'eu']
    const claims = ['tenant=acme', 'level=2', 'digits="2"', 'sites=["a","b"]'].flatMap((one) => ['--claim', one])
    assert.equal((await run(['create', 'partners', ...args, ...claims])).exit, 0)
    const [key] = JSON.parse((await run(['list', 'partners', '--json'])).out) as Readonly<Record<string, unknown>>[]
    assert.deepEqual(
      [key?.['roles'], key?.['groups'], key?.['claims']],
      [['buyer', 'night shift'], ['eu'], { tenant: 'acme', level: 2, digits: '2', sites: ['a', 'b'] }],
    )
    assert.match(
      (await run(['list', 'partners'])).out,
      /  role:buyer,role:night shift,group:eu,claim:tenant,.*  for ever$/m,
    )
  })

  it('says what is wrong with its arguments', async (t) => {
    const { run } = await workspace(t)
    for (const [args, message] of [
      [['create', 'partner', '--owner', 'a'], /no provider partner with `apiKey`.*Did you mean partners\?/],
      [['create', 'partners'], /--owner/],
      [['create', 'partners', '--owner', 'a', '--expires', 'soon'], /Expected a duration/],
      [['create', 'partners', '--owner', 'a', '--claim', 'tenant'], /Expected a claim such as tenant=acme/],
      [['create', 'partners', '--owner', 'a', '--claim', 'sub=eve'], /claims sub, key, plan are the gateway’s/],
      [['revoke', 'partners', '0123456789abcdef'], /has no key 0123456789abcdef/],
    ] as const) {
      const { exit, err } = await run(args)
      assert.notEqual(exit, 0)
      assert.match(err, message)
    }
  })

  it('hashes a password that comes by standard input', async () => {
    const child = spawn(process.execPath, ['src/main.ts', 'keys', 'hash-password', 'ada'])
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk))
    child.stdin.end('a secret\n')
    await new Promise((done) => child.once('close', done))
    assert.match(out, /^ada:\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$/)
  })
})

const workspace = async (t: TestContext) => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services: {}
auth: { partners: { apiKey: { file: keys/partners.json } } }
routes:
  - { path: /hello, respond: { status: 200 }, auth: partners }
`,
  })
  t.after(remove)
  const run = async (args: readonly string[]) => {
    let [out, err] = ['', '']
    const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text), colours: false }
    const exit = await runProgram(['keys', ...args, ...(args.includes('--dir') ? [] : ['--dir', dir])], terminal, '0')
    return { exit, out, err }
  }
  return { dir, run }
}
