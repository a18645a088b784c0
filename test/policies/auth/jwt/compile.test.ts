import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { compileJwtProvider } from '../../../../src/policies/auth/jwt/compile.ts'
import { jwtProviderConfig } from '../../../../src/policies/auth/jwt/config.ts'
import { jwkOf, keys, secret } from './issuer.ts'

describe('compileJwtProvider', () => {
  it('takes a long secret for HS256, and never shows it', async (t) => {
    const { provider } = await compile(t, { secret })
    assert.deepEqual(provider?.issuers[0]?.algorithms, ['HS256'])
    assert.doesNotMatch(inspect(provider, { depth: 9 }) + JSON.stringify(provider), /shared secret/)
  })

  it('refuses a secret that is too short, at its place', async (t) => {
    const { provider, diagnostics } = await compile(t, { secret: 'short' })
    assert.equal(provider, undefined)
    assert.equal(diagnostics[0]?.coordinate, 'auth.shoppers.jwt.secret')
    assert.equal(diagnostics[0]?.place.text, 'auth.shoppers.jwt.secret')
    assert.match(diagnostics[0]?.message ?? '', /at least 32 bytes; this one has 5/)
  })

  it('reads a file of public keys', async (t) => {
    const { provider } = await compile(t, { jwks: 'keys.json' }, { keys: [jwkOf(keys.ed.publicKey, 'ed')] })
    assert.equal(provider?.issuers[0]?.keys.kind, 'file')
    assert.deepEqual(provider?.issuers[0]?.algorithms, ['RS256', 'ES256', 'EdDSA'])
  })

  it('refuses files that are missing, no JSON, no key set, or hold private keys', async (t) => {
    for (const [content, message] of [
      [undefined, /no readable file keys\.json/],
      ['{', /no JSON Web Key Set/],
      [{ keys: 'none' }, /no JSON Web Key Set/],
      [{ keys: [null] }, /no JSON Web Key Set/],
      [{ keys: [keys.ec.privateKey.export({ format: 'jwk' })] }, /private or secret key/],
    ] as const) {
      const { provider, diagnostics } = await compile(t, { jwks: 'keys.json' }, content)
      assert.equal(provider, undefined)
      assert.match(diagnostics[0]?.message ?? '', message)
    }
  })

  it('refuses a file without a usable key and says why each is not', async (t) => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey
    const { diagnostics } = await compile(
      t,
      { jwks: 'keys.json' },
      {
        keys: [
          jwkOf(small, 'a'),
          jwkOf(keys.rsa.publicKey, 'b', { use: 'enc' }),
          jwkOf(keys.rsa.publicKey, 'c', { alg: 'RS512' }),
          { kty: 'EC', crv: 'P-384', x: 'x', y: 'y' },
          { kty: 'OKP', crv: 'Ed25519', x: '' },
        ],
      },
    )
    const message = diagnostics[0]?.message ?? ''
    assert.match(message, /key 1 has fewer than 2048 bits; key 2 is for enc, not for signatures; key 3 is for RS512/)
    assert.match(message, /key 4 has type P-384; key 5 is malformed/)
    assert.match((await compile(t, { jwks: 'keys.json' }, { keys: [] })).diagnostics[0]?.message ?? '', /it is empty/)
  })

  it('fetches keys over https only, but from this machine', async (t) => {
    for (const jwks of ['https://id.test/jwks.json', 'http://127.0.0.1:1/jwks.json', 'http://localhost/jwks.json']) {
      assert.equal((await compile(t, { jwks })).provider?.issuers[0]?.keys.kind, 'remote', jwks)
    }
    for (const jwks of [
      'http://id.test/jwks.json',
      'ftp://id.test/jwks.json',
      'http://127.0.0.1.evil.test/',
      'https://',
    ]) {
      assert.equal((await compile(t, { jwks })).diagnostics.length, 1, jwks)
    }
  })
})

const compile = async (t: TestContext, settings: object, content?: unknown) => {
  const workspaceDir = await mkdtemp(join(tmpdir(), 'portico-'))
  t.after(() => rm(workspaceDir, { recursive: true }))
  if (content !== undefined) {
    await writeFile(join(workspaceDir, 'keys.json'), typeof content === 'string' ? content : JSON.stringify(content))
  }
  const config = jwtProviderConfig.parse({ jwt: { issuer: 'https://id.test', audience: 'shop', ...settings } })
  return compileJwtProvider('shoppers', config, {
    workspaceDir,
    shared: false,
    clientCertificates: false,
    trustedProxies: [],
    placeOf: (path) => ({ file: 'portico.yaml', line: 1, column: 1, text: path.join('.') }),
  })
}
