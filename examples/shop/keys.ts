import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'

/**
 * The shop's stand-in for an identity provider: a key pair in a folder, and tokens signed with it.
 *
 *     node examples/shop/keys.ts make <folder>             makes jwks.json and private.json, once
 *     node examples/shop/keys.ts token <folder> [subject]  prints a token, for u-1 by default
 */
export const makeKeys = async (folder: string): Promise<void> => {
  const secret = join(folder, 'private.json')
  if (existsSync(secret)) return
  mkdirSync(folder, { recursive: true })
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const facts = { kid: 'shop', alg: 'EdDSA', use: 'sig' }
  writeFileSync(secret, JSON.stringify({ ...(await exportJWK(privateKey)), ...facts }), { mode: 0o600 })
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), ...facts }] }))
}

/** A token for a customer of the shop, good for twelve hours. */
export const signToken = async (folder: string, subject = 'u-1', scope = 'shop profile:email'): Promise<string> => {
  const jwk = JSON.parse(readFileSync(join(folder, 'private.json'), 'utf8')) as JWK
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'shop' })
    .setSubject(subject)
    .setIssuer('https://id.shop.example')
    .setAudience('shop')
    .setIssuedAt()
    .setExpirationTime('12h')
    .sign(await importJWK(jwk, 'EdDSA'))
}

if (import.meta.main) {
  const [command, folder, subject] = process.argv.slice(2)
  if (command === 'make' && folder !== undefined) await makeKeys(folder)
  else if (command === 'token' && folder !== undefined) console.log(await signToken(folder, subject))
  else {
    console.error('usage: node examples/shop/keys.ts make <folder> | token <folder> [subject]')
    process.exitCode = 2
  }
}
