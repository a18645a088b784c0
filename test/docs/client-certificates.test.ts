import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { makeCertificates, readCertificates } from '../support/certificates.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/client-certificates.md'

describe(guide, async () => {
  const page = await readFile(guide, 'utf8')
  const texts = readCertificates(makeCertificates())
  for (const [index, [, yaml = '']] of [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].entries())
    it(`shows settings that work: example ${index + 1}`, async (t) => {
      const { dir, remove } = await layWorkspace({
        'portico.yaml': yaml,
        'tls/shop.crt': texts.certificate,
        'tls/shop.key': texts.key,
        'tls/partners-ca.pem': texts.ca,
        'tls/partners-revoked.pem': texts.revoked,
      })
      t.after(remove)
      const { plan, diagnostics } = await compileWorkspace(dir, {})
      assert.equal(told(diagnostics), '')
      assert.ok([...(plan?.providers.values() ?? [])].every(({ kind }) => kind === 'mtls'))
    })
})
