import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Ajv } from 'ajv'
import { openWorkspace } from '../compile/review/bad-workspace.ts'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'

describe('portico audit', () => {
  it('prints the gravest first, counts, and exits 1 on what is medium or above', async (t) => {
    const { status, out, err } = await portico(['audit', await workspace(t, '')])
    assert.equal(status, 1)
    assert.deepEqual(
      [...err.matchAll(/^portico\.yaml:(\d+):\d+ {2}(\S+) {2}PORTICO-(\d+) {2}\((\w+)\)$/gm)].map(
        ([, ...found]) => found,
      ),
      [
        ['4', 'routes[0]', '711', 'high'],
        ['4', 'routes[0]', '730', 'medium'],
      ],
    )
    assert.equal(out, '1 high, 1 medium\n')
  })

  it('exits by the weight that --fail-on names', async (t) => {
    const dir = await workspace(t, 'auth: anonymous')
    assert.deepEqual(await outcome(['audit', dir]), [1, '1 medium\n'])
    assert.deepEqual(await outcome(['audit', dir, '--fail-on', 'high']), [0, '1 medium\n'])
  })

  it('prints one JSON object with counts, findings, and what is accepted with its reason', async (t) => {
    const { status, out } = await portico([
      'audit',
      await workspace(t, 'auth: anonymous', accepted),
      '--format',
      'json',
    ])
    assert.equal(status, 0)
    const { findings, accepted: meant, ...counts } = JSON.parse(out) as Printed
    assert.deepEqual([counts, findings], [{ high: 0, medium: 0, low: 0, info: 0 }, []])
    assert.deepEqual(
      meant.map(({ code, file, line, coordinate, reason }) => [code, file, line, coordinate, reason]),
      [['PORTICO-730', 'portico.yaml', 4, 'routes[0]', 'The service limits by itself.']],
    )
  })

  it('prints SARIF whose rules have a security-severity, and whose accepted results are suppressed', async (t) => {
    const { out } = await portico(['audit', await workspace(t, '', accepted), '--format', 'sarif'])
    const [run] = (JSON.parse(out) as Sarif).runs
    assert.equal(run?.tool.driver.name, 'portico audit')
    assert.deepEqual(
      run?.tool.driver.rules.map(({ id, properties }) => [id, properties['security-severity']]),
      [
        ['PORTICO-711', '8.0'],
        ['PORTICO-730', '5.5'],
      ],
    )
    assert.deepEqual(
      run?.results.map(({ ruleId, level, suppressions }) => [ruleId, level, suppressions?.[0]?.justification]),
      [
        ['PORTICO-711', 'error', undefined],
        ['PORTICO-730', 'warning', 'The service limits by itself.'],
      ],
    )
  })

  it('prints SARIF of the form that its standard has, for every finding there is', async (t) => {
    const { dir, remove } = await layWorkspace(openWorkspace)
    t.after(remove)
    process.env['SECRET'] = 'from-outside'
    t.after(() => delete process.env['SECRET'])
    const { out } = await portico(['audit', dir, '--format', 'sarif'])
    const validate = new Ajv({ allErrors: true }).compile(sarifForm)
    assert.ok(validate(JSON.parse(out)), JSON.stringify(validate.errors))
    const [run] = (JSON.parse(out) as Sarif).runs
    assert.ok((run?.results.length ?? 0) > 50)
    for (const { ruleId, ruleIndex = -1 } of run?.results ?? [])
      assert.equal(run?.tool.driver.rules[ruleIndex]?.id, ruleId)
  })

  it('reviews nothing that has errors, such as an admin port that others reach', async (t) => {
    const { status, out, err } = await portico(['audit', await workspace(t, '', 'admin: 0.0.0.0:9080\n')])
    assert.deepEqual([status, out], [1, ''])
    assert.match(err, /admin {2}PORTICO-011\n[^]*Nothing is reviewed while there are errors\.\n$/)
  })
})

type Printed = {
  readonly findings: readonly unknown[]
  readonly accepted: readonly {
    readonly code: string
    readonly file: string
    readonly line: number
    readonly coordinate: string
    readonly reason: string
  }[]
}
type Sarif = {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string
        readonly rules: readonly { readonly id: string; readonly properties: Readonly<Record<string, unknown>> }[]
      }
    }
    readonly results: readonly {
      readonly ruleId: string
      readonly ruleIndex?: number
      readonly level: string
      readonly suppressions?: readonly { readonly justification: string }[]
    }[]
  }[]
}

/** SARIF 2.1.0 as far as it is written here (OASIS, sarif-schema-2.1.0.json): names, types and words that it allows. */
const object = (properties: object, required: readonly string[] = Object.keys(properties)): object => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const text = object({ text: { type: 'string', minLength: 1 } })
const level = { enum: ['none', 'note', 'warning', 'error'] }
const line = { type: 'integer', minimum: 1 }
const sarifForm = object({
  $schema: { type: 'string', pattern: '^https://' },
  version: { const: '2.1.0' },
  runs: {
    type: 'array',
    items: object({
      tool: object({
        driver: object({
          name: { type: 'string' },
          rules: {
            type: 'array',
            uniqueItems: true,
            items: object({
              id: { type: 'string' },
              shortDescription: text,
              fullDescription: text,
              help: text,
              defaultConfiguration: object({ level }),
              properties: object({
                tags: { type: 'array', items: { type: 'string' } },
                'security-severity': { type: 'string', pattern: '^\\d+\\.\\d$' },
              }),
            }),
          },
        }),
      }),
      columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
      results: {
        type: 'array',
        items: object(
          {
            ruleId: { type: 'string' },
            ruleIndex: { type: 'integer', minimum: 0 },
            level,
            message: text,
            locations: {
              type: 'array',
              minItems: 1,
              items: object({
                physicalLocation: object({
                  artifactLocation: object({ uri: { type: 'string', pattern: '^[^ :/][^ ]*$' } }),
                  region: object({ startLine: line, startColumn: line }),
                }),
                logicalLocations: { type: 'array', items: object({ fullyQualifiedName: { type: 'string' } }) },
              }),
            },
            suppressions: {
              type: 'array',
              items: object({
                kind: { enum: ['inSource', 'external'] },
                status: { enum: ['accepted', 'underReview', 'rejected'] },
                justification: { type: 'string' },
              }),
            },
          },
          ['ruleId', 'ruleIndex', 'level', 'message', 'locations'],
        ),
      },
    }),
  },
})

const accepted = 'accepted: [{ code: PORTICO-730, at: "routes[0]", reason: The service limits by itself. }]\n'

const outcome = async (args: readonly string[]) => {
  const { status, out } = await portico(args)
  return [status, out]
}

/** One route on loopback, with more of its own settings and of the workspace's. */
const workspace = async (t: TestContext, settings: string, more = ''): Promise<string> => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services: { users: { rest: http://127.0.0.1:5001, identity: none } }
routes:
  - { path: /users/*, service: users${settings === '' ? '' : `, ${settings}`} }
${more}`,
  })
  t.after(remove)
  return dir
}
