import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describe, it } from 'node:test'
import { sourceFiles } from './imports.ts'

describe('habits', () => {
  const sources = sourceFiles().map((file) => ({ file, text: readFileSync(file, 'utf8') }))

  const filesWith = (form: RegExp, except: readonly string[] = []): readonly string[] =>
    sources.filter(({ file, text }) => form.test(text) && !except.includes(file)).map(({ file }) => file)

  it('nothing is exported as default: a name is the same wherever it is used', () => {
    assert.deepEqual(filesWith(/^export default\b/m), [])
  })

  it('no file is named for having no subject', () => {
    const vague = /^(?:utils?|types?|helpers?|common|misc|shared|constants|index)\.ts$/
    const named = sourceFiles().filter((file) => vague.test(basename(file)) || /\/(?:utils|helpers)\//.test(file))
    assert.deepEqual(named, ['src/index.ts'])
  })

  it('only the public API passes on what others export', () => {
    const barrels = sources
      .filter(
        ({ text }) =>
          text.match(/^export (?:\*|type \{|\{)[^=]*? from /gm)?.length === text.match(/^export /gm)?.length,
      )
      .filter(({ text }) => /^export /m.test(text))
      .map(({ file }) => file)
    assert.deepEqual(barrels, ['src/index.ts'])
  })

  it('only main.ts ends the process', () => {
    assert.deepEqual(filesWith(/\bprocess\.exit\(/, ['src/main.ts']), [])
  })

  it('files of a workspace are read by its snapshot, so that another process can be given the same', () => {
    const readers = filesWith(/from 'node:fs(?:\/promises)?'/).filter((file) => !file.startsWith('src/cli/'))
    assert.deepEqual(readers.filter((file) => !/^src\/(?:kernel\/snapshot|main)\.ts$/.test(file)).toSorted(), [
      // What lies beside a workspace, what comes with Portico, and what is written.
      'src/admin/copy-swagger-ui.ts',
      'src/admin/port.ts',
      'src/admin/swagger-ui.ts',
      'src/bff/graphql/copy-graphiql.ts',
      'src/bff/graphql/graphiql.ts',
      'src/compile/contract-protos.ts',
      'src/compile/contract.ts',
      'src/compile/explain.ts',
      'src/compile/keys.ts',
      'src/compile/register/candidate.ts',
      'src/compile/register/definitions.ts',
      'src/compile/register/proto-files.ts',
      'src/compile/register/register.ts',
      'src/compile/review/entry.ts',
      'src/policies/auth/api-key/file.ts',
      'src/policies/auth/api-key/manage.ts',
      'src/runtime/resolvers.ts',
      'src/runtime/watch.ts',
      'src/services/grpc/protos/sources.ts',
      'src/telemetry/audit-log.ts',
    ])
  })

  it('headers that say who is forwarded are read in one place', () => {
    assert.deepEqual(filesWith(/headers(?:\.|\[['"])x-forwarded/), ['src/runtime/client.ts'])
  })

  it('no words of a workspace become a regular expression that clients can keep busy', () => {
    assert.deepEqual(
      filesWith(/new RegExp\(/).toSorted(),
      [
        // When a workspace is read, over its own files.
        'src/graph/expose/methods.ts',
        'src/kernel/media-type.ts',
        // To see whether it is one.
        'src/kernel/pattern.ts',
        // One character at a time.
        'src/kernel/pattern-syntax.ts',
        'src/routes/path.ts',
        'src/routes/rewrite.ts',
        'src/runtime/resolvers.ts',
        // In linear time: no two of its parts can take the same text.
        'src/services/own-calls.ts',
        'src/services/grpc/protos/places.ts',
        'src/services/grpc/protos/syntax-error.ts',
        'src/telemetry/scrub.ts',
      ].toSorted(),
    )
  })

  it('every folder of src stands in ARCHITECTURE.md', () => {
    const text = readFileSync('ARCHITECTURE.md', 'utf8')
    const folders = new Set(sourceFiles().map((file) => file.split('/').slice(0, 2).join('/')))
    assert.deepEqual(
      [...folders].filter((folder) => !text.includes(`\`${folder}\``)),
      [],
    )
  })

  it('what a page points to is there', () => {
    const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/**/*.md', 'test/**/*.md'])
    const broken = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(`${dirname(page)}/${target}`))
        .map((target) => `${page} points to ${target}`),
    )
    assert.deepEqual(broken, [])
  })

  it('decision records are numbered one after the other, in their names as in their titles', () => {
    const records = globSync('docs/decisions/*.md').toSorted()
    assert.deepEqual(
      records.map((record) => [basename(record).slice(0, 5), readFileSync(record, 'utf8').match(/^# (\d+)\. /)?.[1]]),
      records.map((_, index) => [`${String(index + 1).padStart(4, '0')}-`, String(index + 1)]),
    )
  })

  it('nothing speaks of the machine it was written on, or of documents that are not here', () => {
    const found = ours().flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      const paths = text.match(/(?<![\w.$}/-])\/(?:home|root|Users|work)\/\w+/g) ?? []
      const documents = (text.match(/\b[A-Z]{4,}\.md\b/g) ?? []).filter((name) => !existsSync(name))
      return [...paths, ...documents].map((word) => `${file}: ${word}`)
    })
    assert.deepEqual(found, [])
  })

  it('packages come from whatever registry npm is set to: the lock file names none', () => {
    const hosts = readFileSync('package-lock.json', 'utf8').matchAll(/"resolved": "([a-z+]+:\/\/[^/]+)/g)
    assert.deepEqual(
      [...hosts].map(([, host]) => host),
      [],
    )
  })
})

/** Text files of the project: everything but what is installed or built. */
function ours(): readonly string[] {
  const folders = ['*', '.ci/*', '.github/**/*', '{src,test,examples,bench,docs,schema,protos,deploy}/**/*']
  return globSync(folders)
    .filter((file) => statSync(file).isFile() && !/package-lock\.json$|\.(?:png|ico|woff2?|pem)$/.test(file))
    .filter((file) => !file.endsWith('habits.test.ts'))
}
