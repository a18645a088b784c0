import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { editYaml, type YamlEdit } from '../../../src/compile/register/yaml-edit.ts'

const service = { grpc: '127.0.0.1:50051', proto: 'library.proto', identity: 'none' }

describe('editYaml', () => {
  const cases: readonly (readonly [title: string, before: string, edits: readonly YamlEdit[], after: string])[] = [
    [
      'adds a service behind the others, and behind the comments of the last one',
      'services:\n    a:\n        rest: x   # fast\n        # timeout: 1s\n\n    # b: off\n\n# who sees what\nbffs: {}\n',
      [{ set: ['services', 'library'], to: service }],
      'services:\n    a:\n        rest: x   # fast\n        # timeout: 1s\n\n    # b: off\n    library:\n        grpc: 127.0.0.1:50051\n        proto: library.proto\n        identity: none\n\n# who sees what\nbffs: {}\n',
    ],
    [
      'opens a mapping that is empty and keeps what is said beside it',
      'services: {}   # none yet\nbffs: {}\n',
      [{ set: ['services', 'a'], to: { grpc: 'a:1' } }],
      'services:   # none yet\n  a:\n    grpc: a:1\nbffs: {}\n',
    ],
    [
      'fills a key that has no value',
      'services:   # none yet\nbffs: {}\n',
      [{ set: ['services', 'a'], to: { grpc: 'a:1' } }],
      'services:   # none yet\n  a:\n    grpc: a:1\nbffs: {}\n',
    ],
    [
      'adds inside of braces',
      'services: { a: { rest: x } }  # all\n',
      [{ set: ['services', 'b'], to: { grpc: '${B:-b:1}', identity: 'none' } }],
      'services: { a: { rest: x }, b: { grpc: "${B:-b:1}", identity: none } }  # all\n',
    ],
    [
      'makes what is missing on the way',
      'listen: a:1',
      [{ set: ['bffs', 'web', 'expose'], to: 'a' }],
      'listen: a:1\nbffs:\n  web:\n    expose: a\n',
    ],
    [
      'sets a blank line before a new section where sections have one',
      'listen: a:1\n\nservices: {}\n',
      [{ append: ['routes'], item: { path: '/api/*' } }],
      'listen: a:1\n\nservices: {}\n\nroutes:\n  - path: /api/*\n',
    ],
    [
      'adds to a list that stands at its key’s own column',
      'routes:\n- path: /a   # first\n# last\n',
      [{ append: ['routes'], item: { path: '/b' } }],
      'routes:\n- path: /a   # first\n# last\n- path: /b\n',
    ],
    [
      'makes a list of a single value',
      'expose: a # one\n',
      [{ append: ['expose'], item: 'b' }],
      'expose: [a, b] # one\n',
    ],
    ['adds to a list in brackets', 'expose: [a, b]\n', [{ append: ['expose'], item: 'c' }], 'expose: [a, b, c]\n'],
    [
      'changes a value where it stands',
      'a:\n  grpc: "x:1"   # the old one\n  proto: p\n',
      [{ set: ['a', 'grpc'], to: '${X:-x:2}' }],
      'a:\n  grpc: ${X:-x:2}   # the old one\n  proto: p\n',
    ],
    [
      'takes a setting out with its lines',
      'a:\n  grpc: x\n  proto:\n    - p  # the first\n    - q\n  identity: none\n',
      [{ remove: ['a', 'proto'] }],
      'a:\n  grpc: x\n  identity: none\n',
    ],
    ['takes a setting out of braces', 'a: { b: 1, c: 2 }\n', [{ remove: ['a', 'c'] }], 'a: { b: 1 }\n'],
    [
      'keeps the line ends of the file',
      'services:\r\n  a:\r\n    rest: x\r\n',
      [{ set: ['services', 'b'], to: { grpc: 'b:1' } }],
      'services:\r\n  a:\r\n    rest: x\r\n  b:\r\n    grpc: b:1\r\n',
    ],
    [
      'adds behind a text block',
      'services:\n  a:\n    note: |\n      two\n\n      lines\n\n  # end\nbffs: {}\n',
      [{ set: ['services', 'b'], to: { grpc: 'b:1' } }],
      'services:\n  a:\n    note: |\n      two\n\n      lines\n\n  # end\n  b:\n    grpc: b:1\nbffs: {}\n',
    ],
    ['fills an empty file', '', [{ set: ['a', 'b'], to: 1 }], 'a:\n  b: 1\n'],
    ['fills a file of comments', '# only words\n', [{ set: ['a'], to: 1 }], '# only words\na: 1\n'],
  ]
  for (const [title, before, edits, after] of cases) it(title, () => assert.equal(editYaml(before, edits), after))

  it('refuses to edit behind an alias', () => {
    assert.equal(editYaml('x: &x { a: 1 }\nservices: *x\n', [{ set: ['services', 'b'], to: 1 }]), undefined)
  })

  it('changes no line of the reference workspace but the new ones', () => {
    const text = readFileSync('portico.yaml', 'utf8')
    const edited = editYaml(text, [
      { set: ['services', 'library'], to: service },
      { set: ['bffs', 'web', 'expose'], to: 'library' },
      { append: ['routes'], item: { path: '/api/*', transcode: 'library' } },
    ])
    const lines = new Set(edited?.split('\n'))
    assert.deepEqual(
      text.split('\n').filter((line) => !lines.has(line)),
      [],
    )
    assert.equal(edited?.split('\n').length, text.split('\n').length + 7)
  })

  it('means what was asked and nothing else, however the file is written', () =>
    fc.assert(
      fc.property(written, fc.constantFrom('new', 'a', 'b'), (text, key) => {
        const before = parse(text) as { services: Record<string, unknown> }
        const edited = editYaml(text, [{ set: ['services', key], to: service }]) ?? ''
        assert.deepEqual(parse(edited), { ...before, services: { ...before.services, [key]: service } })
        const comments = (one: string): readonly string[] => one.match(/#.*/g) ?? []
        // What is replaced as a whole takes the comments inside of it along.
        if (key === 'new') assert.deepEqual(comments(edited), comments(text))
      }),
    ))
})

/** Files that say one of several things in one of several ways. */
const written = fc
  .record({
    step: fc.constantFrom('  ', '    '),
    comment: fc.constantFrom('', '  # words'),
    between: fc.constantFrom('', '\n', '# alone\n', '\n  # inside\n\n'),
    services: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
    style: fc.constantFrom('block', 'flow', 'braces'),
    end: fc.constantFrom('', '\n', '\n\n# the end\n'),
  })
  .map(({ step, comment, between, services, style, end }) => {
    const entry = (name: string): string =>
      style === 'block'
        ? `${step}${name}:${comment}\n${step}${step}rest: x${comment}\n`
        : `${step}${name}: { rest: x }${comment}\n`
    const inside =
      style === 'braces'
        ? ` { ${services.map((name) => `${name}: { rest: x }`).join(', ')} }${comment}\n`
        : `${comment}\n${services.map(entry).join('')}`
    return `listen: x${comment}\n${between}services:${inside}${between}bffs: {}${comment}${end}`
  })
