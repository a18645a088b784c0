import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../../src/compile/compile.ts'
import { type Audit, auditWorkspace } from '../../../src/compile/review/audit.ts'
import { auditCodes } from '../../../src/kernel/codes/audit.ts'
import { formatDiagnostics } from '../../../src/kernel/diagnostic.ts'
import { type Files, layWorkspace } from '../../support/gateway.ts'
import { endedWorkspace, guardedWorkspace, openWorkspace, plainWorkspace, soundWorkspace } from './bad-workspace.ts'

const dayMs = 86_400_000

describe('the review of a workspace', () => {
  it('finds every mistake that is seeded, each where it stands', async (t) => {
    assert.deepEqual(lines(await review(t, openWorkspace)), [
      'PORTICO-704 open.graphql:2 Query.price',
      'PORTICO-705 open.graphql:3 Query.mine',
      'PORTICO-763 open.graphql:6 Card.cvv',
      'PORTICO-738 open.graphql:7 Subscription.watched',
      'PORTICO-764 portico.yaml:1 listen',
      'PORTICO-742 portico.yaml:2 probes',
      'PORTICO-723 portico.yaml:3 redis',
      'PORTICO-754 portico.yaml:3 redis',
      'PORTICO-737 portico.yaml:5 budget',
      'PORTICO-748 portico.yaml:6 accessLog',
      'PORTICO-733 portico.yaml:7 limits.depth',
      'PORTICO-733 portico.yaml:7 limits.body',
      'PORTICO-779 portico.yaml:9 accepted[0]',
      'PORTICO-750 portico.yaml:11 services.users.identity',
      'PORTICO-737 portico.yaml:11 services.users.timeout',
      'PORTICO-751 portico.yaml:12 services.orders.rest',
      'PORTICO-753 portico.yaml:13 services.partner.identity',
      'PORTICO-752 portico.yaml:14 services.inside.rest',
      'PORTICO-724 portico.yaml:18 auth.shared.jwt',
      'PORTICO-720 portico.yaml:18 auth.shared.jwt.secret',
      'PORTICO-723 portico.yaml:18 auth.shared.jwt.secret',
      'PORTICO-722 portico.yaml:18 auth.shared.jwt.clockSkew',
      'PORTICO-728 portico.yaml:20 auth.revoked.jwt.revocation.whenDown',
      'PORTICO-725 portico.yaml:22 auth.keys.apiKey.file',
      'PORTICO-727 portico.yaml:22 auth.keys.apiKey.query',
      'PORTICO-726 portico.yaml:24 auth.staff.basic.transport',
      'PORTICO-721 portico.yaml:26 auth.opaque.oauth2',
      'PORTICO-723 portico.yaml:26 auth.opaque.oauth2.clientSecret',
      'PORTICO-730 portico.yaml:28 bffs.web',
      'PORTICO-734 portico.yaml:28 bffs.web',
      'PORTICO-706 portico.yaml:32 bffs.web.documents',
      'PORTICO-716 portico.yaml:33 bffs.web.suggestions',
      'PORTICO-743 portico.yaml:35 bffs.web.cors.origins[0]',
      'PORTICO-711 portico.yaml:36 bffs.open',
      'PORTICO-734 portico.yaml:36 bffs.open',
      'PORTICO-735 portico.yaml:39 bffs.open.rateLimit.by',
      'PORTICO-762 portico.yaml:40 bffs.open.securityHeaders',
      'PORTICO-706 portico.yaml:41 bffs.open.introspection',
      'PORTICO-733 portico.yaml:42 bffs.open.subscriptions.connections',
      'PORTICO-731 portico.yaml:44 routes[0]',
      'PORTICO-715 portico.yaml:44 routes[0].path',
      'PORTICO-711 portico.yaml:45 routes[1]',
      'PORTICO-730 portico.yaml:45 routes[1]',
      'PORTICO-731 portico.yaml:46 routes[2]',
      'PORTICO-715 portico.yaml:46 routes[2].path',
      'PORTICO-714 portico.yaml:46 routes[2].pathMode',
      'PORTICO-744 portico.yaml:46 routes[2].cors.origins[0]',
      'PORTICO-744 portico.yaml:46 routes[2].cors.origins[1]',
      'PORTICO-713 portico.yaml:47 routes[3].transcode',
      'PORTICO-730 portico.yaml:49 routes[5]',
      'PORTICO-732 portico.yaml:49 routes[5].path',
      'PORTICO-761 portico.yaml:49 routes[5].ipRules',
      'PORTICO-760 portico.yaml:50 ipRules.allow[1]',
      'PORTICO-729 portico.yaml:51 mask.secret',
      'PORTICO-723 portico.yaml:51 mask.secret',
      'PORTICO-756 resolvers.ts:1 bffs.web.resolvers',
      'PORTICO-712 web.graphql:2 Query.user',
      'PORTICO-712 web.graphql:4 Query.made',
      'PORTICO-732 web.graphql:7 Mutation.login',
      'PORTICO-713 web.graphql:8 Mutation.leave',
      'PORTICO-701 web.graphql:9 Mutation.drop',
    ])
  })

  it('finds those of TLS, proxies and replicas', async (t) => {
    assert.deepEqual(lines(await review(t, guardedWorkspace, { now: Date.now() + 15 * dayMs })), [
      'PORTICO-745 portico.yaml:2 tls',
      'PORTICO-746 portico.yaml:2 tls.cert',
      'PORTICO-747 portico.yaml:2 tls.hsts',
      'PORTICO-749 portico.yaml:2 tls.clients',
      'PORTICO-741 portico.yaml:3 trustedProxies[0]',
      'PORTICO-736 portico.yaml:4 replicas',
      'PORTICO-731 portico.yaml:12 routes[1]',
    ])
    const ended = lines(await review(t, endedWorkspace))
    for (const one of ['PORTICO-708 portico.yaml:2 tls.cert', 'PORTICO-765 portico.yaml:2 tls'])
      assert.ok(ended.includes(one), one)
    assert.deepEqual(lines(await review(t, plainWorkspace)), [
      'PORTICO-740 portico.yaml:1 listen',
      'PORTICO-739 portico.yaml:5 routes[0].service',
    ])
  })

  it('has every code among them', async (t) => {
    const audits = [
      await review(t, openWorkspace),
      await review(t, guardedWorkspace, { now: Date.now() + 15 * dayMs }),
      await review(t, endedWorkspace),
      await review(t, plainWorkspace),
    ]
    const found = new Set(audits.flatMap(({ findings }) => findings.map(({ code }) => code as string)))
    const weighed = ['PORTICO-701', 'PORTICO-704', 'PORTICO-705', 'PORTICO-706', 'PORTICO-708']
    assert.deepEqual(
      [...Object.keys(auditCodes), ...weighed].filter((code) => !found.has(code)),
      [],
    )
  })

  it('shows no secret that it found', async (t) => {
    const text = formatDiagnostics((await review(t, openWorkspace)).findings)
    assert.doesNotMatch(text, /hunter2|swordfish|change-me|0123456789abcdef0123456789abcdef/)
  })

  it('leaves out what the workspace accepts there and with a reason, and nothing else', async (t) => {
    const accept = `accepted: [{ code: PORTICO-731, at: "routes[1]", reason: Groups are asked for by one program. }]`
    const yaml = `${guardedWorkspace['portico.yaml']}${accept}`
    const { findings, accepted } = await review(t, { ...guardedWorkspace, 'portico.yaml': yaml })
    assert.deepEqual(
      accepted.map(({ finding, reason }) => [finding.code, reason]),
      [['PORTICO-731', 'Groups are asked for by one program.']],
    )
    assert.ok(!findings.some(({ code }) => code === 'PORTICO-731' || code === 'PORTICO-779'))
    assert.ok(findings.length > 4)
  })

  it('finds nothing that is not meant in the reference workspace', async () => {
    const audit = auditWorkspace(await compileWorkspace('.', {}), Date.now())
    assert.deepEqual(audit && lines(audit), [])
  })

  it('finds nothing where all of it is mended', async (t) => {
    assert.deepEqual(lines(await review(t, soundWorkspace, { now: Date.now() - 10 * dayMs })), [])
  })
})

const lines = ({ findings }: Audit): readonly string[] =>
  findings.map(({ code, coordinate, place: { file, line } }) => `${code} ${file}:${line} ${coordinate}`)

const review = async (t: TestContext, files: Files, { now = Date.now() } = {}): Promise<Audit> => {
  const { dir, remove } = await layWorkspace(files)
  t.after(remove)
  const compiled = await compileWorkspace(dir, { SECRET: 'from-outside' })
  const audit = auditWorkspace(compiled, now)
  assert.ok(audit, formatDiagnostics(compiled.diagnostics))
  return audit
}
