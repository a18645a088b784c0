import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type RestRequest, renderRequest } from '../../src/graph/request.ts'
import { noCall, renderValue, type Scope, type Template } from '../../src/graph/template.ts'
import { parseTemplate } from '../../src/graph/template-syntax.ts'
import { type Json, parseLossless } from '../../src/kernel/json.ts'
import { Problem } from '../../src/kernel/problem.ts'

describe('parseTemplate', () => {
  it('says in one sentence what is wrong with a placeholder', () => {
    const mistakes: readonly (readonly [text: string, message: string])[] = [
      ['/users/{args.id', 'The placeholder {args.id has no closing brace.'],
      ['{}', "{} is not a placeholder; write {root.path}, such as {args.id} or {keys.id|join(',')}."],
      ['{args.a b}', "{args.a b} is not a placeholder; write {root.path}, such as {args.id} or {keys.id|join(',')}."],
      ['{args..id}', "{args..id} is not a placeholder; write {root.path}, such as {args.id} or {keys.id|join(',')}."],
      [
        '{env.SECRET}',
        '{env.SECRET} starts with env, but a placeholder starts with args, this, keys, claims or header.',
      ],
      ['{args}', '{args} names nothing; write {args.name}.'],
      ['{keys.id|join}', "join needs a separator: join(',')."],
      ["{keys.id|join('')}", "join needs a separator: join(',')."],
      ["{args.id|lower('x')}", 'lower takes no argument.'],
      ['{args.id|trim}', "There is no pipe trim. There are: join(','), json, lower, upper, base64."],
    ]
    for (const [text, message] of mistakes) assert.equal(parseTemplate(text), message)
  })

  it('reads text, placeholders, defaults and pipes', () => {
    assert.equal(rendered("{args.name ?? 'you' | upper}", { args: {} }), 'YOU')
    assert.equal(rendered('a{args.x}b{args.y}c', { args: { x: 1, y: 2 } }), 'a1b2c')
    assert.equal(rendered('no placeholders', {}), 'no placeholders')
    assert.equal(rendered('', {}), '')
  })
})

describe('a template', () => {
  it('keeps the type of a value it consists of, and makes text of one it embeds', () => {
    for (const value of [0, false, 'x', ['a', 1], { a: { b: null } }, null] satisfies Json[])
      assert.deepEqual(rendered('{args.x}', { args: { x: value } }), value)
    assert.equal(rendered('<{args.x}>', { args: { x: false } }), '<false>')
    assert.equal(rendered('<{args.x}>', { args: { x: { a: [1] } } }), '<{"a":[1]}>')
  })

  it('writes numbers with every digit their sender gave', () => {
    const args = parseLossless('{"big":9007199254740993,"price":1.10}') as Scope['args']
    assert.equal(rendered('{args.big}/{args.price}', { args }), '9007199254740993/1.10')
    assert.equal(JSON.stringify(rendered('{args.price}', { args })), '1.10')
    assert.equal(rendered("{args.all|join(' ')}", { args: { all: [args['big'], 2] } }), '9007199254740993 2')
  })

  it('takes a default only where there is no value, of the type it is written in', () => {
    assert.equal(rendered('{args.n ?? 5}', { args: {} }), 5)
    assert.equal(rendered('{args.n ?? 5}', { args: { n: null } }), 5)
    assert.equal(rendered('{args.n ?? 5}', { args: { n: 0 } }), 0)
    assert.equal(rendered("{args.n ?? '5'}", { args: {} }), '5')
    assert.equal(rendered('{args.n ?? true}', { args: {} }), true)
    assert.equal(rendered('{args.n ?? word}', { args: {} }), 'word')
    assert.equal(rendered("{this.n ?? 'x'}", { parent: {} }), 'x')
  })

  it('applies pipes in order', () => {
    assert.equal(rendered("{args.x|join('-')|upper}", { args: { x: ['a', 'b'] } }), 'A-B')
    assert.equal(rendered('{args.x|json}', { args: { x: { a: 1 } } }), '{"a":1}')
    assert.equal(rendered('{args.x|lower}', { args: { x: 'ÀB' } }), 'àb')
    assert.equal(rendered('{args.x|base64}', { args: { x: 'grüß' } }), 'Z3LDvMOf')
  })

  it('refuses to join a value that holds the separator, for it would become two', () => {
    assert.throws(
      () => rendered("{keys.id|join(',')}", { keys: ['a', 'b,c'] }),
      problem('INVALID_ARGUMENT', 'A value of {keys.id|join(\',\')} must not contain ",".'),
    )
  })

  it('makes no call without a parent’s value or key, and needs a known caller for claims', () => {
    assert.equal(rendered('{this.id}', { parent: {} }), noCall)
    assert.equal(rendered('{this.id}', { parent: { id: null } }), noCall)
    assert.equal(rendered('x{this.a.b}', { parent: { a: 'text' } }), noCall)
    assert.equal(rendered('{keys.id}', {}), noCall)
    assert.throws(() => rendered('{claims.sub}', {}), problem('UNAUTHENTICATED'))
    assert.throws(() => rendered('{claims.sub}', { claims: {} }), problem('UNAUTHENTICATED'))
  })

  it('leaves out an absent argument or header, and keeps the client’s null', () => {
    assert.equal(rendered('{args.x}', { args: {} }), undefined)
    assert.equal(rendered('{args.x}', { args: { x: null } }), null)
    assert.equal(rendered('<{args.x}>', { args: { x: null } }), undefined)
    assert.equal(rendered('{header.x-id}', {}), undefined)
  })

  it('reads own members only, whatever they are called', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty'])
      assert.equal(rendered(`{args.${name}}`, { args: {} }), undefined, name)
    assert.equal(rendered('{args.constructor}', { args: { constructor: 'mine' } }), 'mine')
  })
})

describe('renderRequest', () => {
  it('encodes a value for the segment, parameter or header it stands in', () => {
    const args = { x: 'a/b c?&=#%é' }
    assert.deepEqual(restOf({ path: '/p/{args.x}', query: { q: '{args.x}', r: 'is:{args.x}' } }, { args }), {
      path: '/p/a%2Fb%20c%3F%26%3D%23%25%C3%A9?q=a%2Fb%20c%3F%26%3D%23%25%C3%A9&r=is:a%2Fb%20c%3F%26%3D%23%25%C3%A9',
      headers: [],
    })
  })

  it('repeats the name of a parameter for each item of a list', () => {
    assert.equal(
      restOf({ path: '/p', query: { tag: '{args.x}' } }, { args: { x: ['a', 'b&c'] } }).path,
      '/p?tag=a&tag=b%26c',
    )
  })

  it('writes an empty list as an empty parameter: a filter that disappears would answer with everything', () => {
    assert.equal(restOf({ path: '/p', query: { id: '{args.x}' } }, { args: { x: [] } }).path, '/p?id=')
    assert.equal(restOf({ path: '/p', query: { id: '{this.x}' } }, { parent: { x: [] } }).path, '/p?id=')
  })

  it('drops a parameter or header whose argument is absent, and refuses a path without its value', () => {
    const request = { path: '/p', query: { a: '{args.a}', b: '{args.b}' }, headers: { 'x-a': '{args.a}' } }
    assert.deepEqual(restOf(request, { args: { b: 1 } }), { path: '/p?b=1', headers: [] })
    assert.throws(
      () => restOf({ path: '/p/{args.a}' }, { args: {} }),
      problem('INVALID_ARGUMENT', 'A value that the address of this request needs is missing.'),
    )
  })

  it('refuses an empty or dot segment, text that is not well-formed, and what would end a header', () => {
    for (const x of ['', '.', '..'])
      assert.throws(
        () => restOf({ path: '/p/{args.x}' }, { args: { x } }),
        problem('INVALID_ARGUMENT', `"${x}" is no value for {args.x}.`),
      )
    assert.throws(
      () => restOf({ path: '/p/{args.x}' }, { args: { x: '\ud800' } }),
      problem('INVALID_ARGUMENT', 'The value of {args.x} is not well-formed text.'),
    )
    for (const x of ['a\r\nx: y', 'a\n', '\0', 'é'])
      assert.throws(
        () => restOf({ path: '/p', headers: { 'x-a': '{args.x}' } }, { args: { x } }),
        problem('INVALID_ARGUMENT', 'The value of {args.x} does not fit into a header.'),
      )
  })

  it('never lets a value add or leave a segment, a parameter or a header', () => {
    const request = { path: '/a/{args.x}/b', query: { p: '{args.x}', q: 'q-{args.x}' }, headers: { 'x-h': '{args.x}' } }
    fc.assert(
      fc.property(hostile, (x) => {
        let answer: ReturnType<typeof restOf>
        try {
          answer = restOf(request, { args: { x } })
        } catch (error) {
          assert.ok(error instanceof Problem && error.code === 'INVALID_ARGUMENT')
          return
        }
        const url = new URL(`http://host${answer.path}`)
        assert.equal(url.hash, '')
        assert.deepEqual(url.pathname.split('/').map(decodeURIComponent), ['', 'a', x, 'b'])
        assert.deepEqual(
          [...url.searchParams],
          [
            ['p', x],
            ['q', `q-${x}`],
          ],
        )
        assert.deepEqual(answer.headers, [['x-h', x]])
        assert.deepEqual([...new Headers([['x-h', x]])], [['x-h', x.trim()]])
      }),
      { numRuns: 2_000 },
    )
  })
})

const hostile = fc.oneof(
  fc.string({
    unit: fc.constantFrom('/', '?', '#', '%', '&', '=', '.', '\r', '\n', ';', '\\', ':', '@', ' ', '+', '2', 'e', 'f'),
  }),
  fc.string({ unit: 'binary' }),
  fc.string(),
)

const problem = (code: string, message?: string) => (error: unknown) => {
  assert.ok(error instanceof Problem)
  assert.equal(error.code, code)
  if (message !== undefined) assert.equal(error.message, message)
  return true
}

const scopeOf = (given: Partial<Scope>): Scope => ({
  args: {},
  parent: undefined,
  claims: undefined,
  header: () => undefined,
  ...given,
})

const templateOf = (text: string): Template => {
  const template = parseTemplate(text)
  if (typeof template === 'string') assert.fail(template)
  return template
}

const rendered = (text: string, scope: Partial<Scope>) => renderValue(templateOf(text), scopeOf(scope))

type Parts = {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

const restOf = ({ path, query = {}, headers = {} }: Parts, scope: Partial<Scope>) => {
  const named = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, text]) => ({ name, value: templateOf(text) }))
  const request: RestRequest = {
    kind: 'rest',
    service: 'users',
    method: 'GET',
    path: templateOf(path),
    query: named(query),
    headers: named(headers),
    body: undefined,
    idempotent: false,
  }
  const answer = renderRequest(request, scopeOf(scope))
  assert.ok(answer !== noCall && answer.kind === 'rest')
  return { path: answer.path, headers: answer.headers }
}
