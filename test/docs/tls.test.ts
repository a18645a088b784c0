import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { makeCertificates, readCertificates } from '../support/certificates.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/tls.md'

describe(guide, async () => {
  const page = await readFile(guide, 'utf8')
  const texts = readCertificates(makeCertificates())
  const files = {
    'tls/shop.crt': texts.certificate,
    'tls/shop.key': texts.key,
    'tls/partners.crt': texts.shopCertificate,
    'tls/partners.key': texts.shopKey,
    'tls/partners-ca.pem': texts.ca,
    'tls/partners-revoked.pem': texts.revoked,
  }
  let title = ''
  for (const [, heading, yaml] of page.matchAll(/^## (.+)$|^```yaml\n([^]*?)^```$/gm)) {
    title = heading ?? title
    if (yaml === undefined) continue
    it(`shows settings that work: ${title}`, async (t) => {
      const { dir, remove } = await layWorkspace({
        'portico.yaml': yaml.includes('services:') ? yaml : `${yaml}services: {}\n`,
        ...files,
      })
      t.after(remove)
      const { plan, diagnostics, files: watched } = await compileWorkspace(dir, {})
      assert.equal(told(diagnostics), '')
      for (const [named] of yaml.matchAll(/tls\/[a-z.-]+/g)) assert.ok(watched.includes(named), named)
      assert.ok((plan?.tls ?? plan?.services.get('users')?.tls) !== undefined)
    })
  }
})
