import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { workspaceConfig } from '../../src/compile/config.ts'
import { configReference } from '../../src/config/reference.ts'
import { count, duration, hostPort, oneOrMore, size } from '../../src/config/scalars.ts'

describe('configReference', () => {
  it('lists each key with its type, written default and description, by top-level key', () => {
    const page = configReference(
      z.strictObject({
        listen: hostPort.prefault('0.0.0.0:8080').describe('Where clients connect.'),
        services: z
          .record(
            z.string(),
            z.union([
              z.strictObject({ rest: z.string().describe('A URL.'), timeout: duration.default(2_000) }),
              z.strictObject({ grpc: z.string().describe('An address.'), timeout: duration.default(2_000) }),
            ]),
          )
          .describe('By name.'),
        routes: z
          .array(z.strictObject({ max: size.default(1_536), of: oneOrMore(count), by: z.enum(['a', 'b']) }))
          .default([]),
      }),
    )
    assert.equal(page.slice(page.indexOf('## listen')), expectedPage)
  })

  it('describes every key of the workspace once', () => {
    const keys = configReference(workspaceConfig)
      .split('\n')
      .flatMap((line) => /^\| (`[^`]+`)/.exec(line)?.[1] ?? [])
    assert.deepEqual(keys, [...new Set(keys)])
    assert.ok(keys.includes('`services.<name>.concurrency.max`'))
  })
})

const head = `| key | type | default | what it is |
|---|---|---|---|`

const expectedPage = `## listen

${head}
| \`listen\` | host:port | \`0.0.0.0:8080\` | Where clients connect. |

## services

${head}
| \`services\` | mappings by name | required | By name. |
| \`services.<name>.rest\` | text | required | A URL. |
| \`services.<name>.timeout\` | duration | \`2s\` |  |
| \`services.<name>.grpc\` | text | required | An address. |

## routes

${head}
| \`routes\` | list of mappings | \`[]\` |  |
| \`routes[].max\` | size | \`1536B\` |  |
| \`routes[].of\` | whole number or list of whole number | required |  |
| \`routes[].by\` | \`a\` or \`b\` | required |  |
`
