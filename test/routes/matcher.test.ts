import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { createMatcher, type Matcher } from '../../src/routes/matcher.ts'
import { type PathTemplate, parseTemplate } from '../../src/routes/transcode/template.ts'

const all = [
  'GET /v1/users/me',
  'GET /v1/users/{id}',
  'POST /v1/users/{id}:archive',
  'DELETE /v1/users/{id}',
  'POST /v1/users/me',
  'GET /v1/{name=users/*/orders/*}',
  'GET /v1/users/*/{rest=**}',
  'GET /v1/files/{path=**}',
  'GET /v1/files/{path=**}:sign',
  '* /v1/any/{id}',
  'GET /v1/any/{id}',
  'GET /v1/{a}/x/y',
  'GET /v1/users/x/z',
]

const wins: readonly (readonly [request: string, found: string])[] = [
  ['GET /v1/users/me', 'GET /v1/users/me'],
  ['GET /v1/users/you', 'GET /v1/users/{id}'],
  // The literal has no DELETE, so the wildcard answers.
  ['DELETE /v1/users/me', 'DELETE /v1/users/{id}'],
  ['PUT /v1/users/me', 'none'],
  ['POST /v1/users/you:archive', 'POST /v1/users/{id}:archive'],
  ['POST /v1/users/me:archive', 'POST /v1/users/{id}:archive'],
  // No such verb: the colon is part of the id.
  ['GET /v1/users/urn:isbn:1', 'GET /v1/users/{id}'],
  ['GET /v1/users/me:', 'GET /v1/users/{id}'],
  ['GET /v1/users/1/orders/2', 'GET /v1/{name=users/*/orders/*}'],
  ['GET /v1/users/1/carts/2', 'GET /v1/users/*/{rest=**}'],
  // `x` under `users` fits first and leads nowhere; the search goes back.
  ['GET /v1/users/x/y', 'GET /v1/users/*/{rest=**}'],
  ['GET /v1/other/x/y', 'GET /v1/{a}/x/y'],
  ['GET /v1/files', 'GET /v1/files/{path=**}'],
  ['GET /v1/files/', 'GET /v1/files/{path=**}'],
  ['GET /v1/files/a/b/c', 'GET /v1/files/{path=**}'],
  ['GET /v1/files/a/b:sign', 'GET /v1/files/{path=**}:sign'],
  ['GET /v1/files:sign', 'GET /v1/files/{path=**}:sign'],
  ['GET /v1/any/1', 'GET /v1/any/{id}'],
  ['PATCH /v1/any/1', '* /v1/any/{id}'],
  ['GET /v1/users/', 'none'],
  ['GET /v1', 'none'],
  ['GET /', 'none'],
]

describe('the matcher of path templates', () => {
  for (const [request, found] of wins)
    it(`finds for ${request}: ${found}`, () => {
      const [method = '', path = ''] = request.split(' ')
      for (const rules of [all, all.toReversed()])
        assert.equal(matcherOf(rules).find(path, method)?.target ?? 'none', found)
    })

  it('says which methods a path has', () => {
    const matcher = matcherOf(all)
    assert.deepEqual(matcher.methods('/v1/users/me'), ['DELETE', 'GET', 'POST'])
    assert.deepEqual(matcher.methods('/v1/users/me:archive'), ['DELETE', 'GET', 'POST'])
    assert.deepEqual(matcher.methods('/nowhere'), [])
  })

  it('gives back what stands at the same method and shape already', () => {
    const matcher = createMatcher<string>()
    assert.equal(matcher.add(template('/v1/{a}/b'), 'GET', 'first'), undefined)
    assert.equal(matcher.add(template('/v1/{c=*}/b'), 'GET', 'second'), 'first')
    assert.equal(matcher.add(template('/v1/*/b:verb'), 'GET', 'third'), undefined)
    assert.equal(matcher.add(template('/v1/*/b'), 'POST', 'fourth'), undefined)
    assert.equal(matcher.find('/v1/x/b', 'GET')?.target, 'first')
  })

  it('finds in any order of rules what a search through all of them finds', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(templates, { maxLength: 12 }),
        fc.array(paths, { maxLength: 20 }),
        (texts, requests) => {
          const matcher = matcherOf(texts.map((text) => `GET ${text}`))
          const reversed = matcherOf(texts.toReversed().map((text) => `GET ${text}`))
          for (const path of requests) {
            const target = matcher.find(path, 'GET')?.target
            const fitting = texts.filter((text) => pattern(template(text)).test(path))
            assert.equal(target === undefined, fitting.length === 0, `${path} of ${texts.join(' ')}`)
            if (target !== undefined)
              assert.ok(fitting.map((text) => `GET ${text}`).includes(target), `${target} for ${path}`)
            const other = reversed.find(path, 'GET')?.target
            assert.equal(other, target)
          }
        },
      ),
    )
  })

  it('takes time by the path, also where every segment could be either of two', () => {
    const matcher = createMatcher<string>()
    const deep = 12
    for (let bits = 0; bits < 2 ** 8; bits += 1) {
      const text = Array.from({ length: deep }, (_, at) => ((bits >> at) & 1 ? '*' : 'a')).join('/')
      matcher.add(template(`/${text}/end`), 'GET', text)
    }
    const began = process.threadCpuUsage()
    for (let round = 0; round < 50; round += 1)
      assert.equal(matcher.find(`/${'a/'.repeat(deep)}other`, 'GET'), undefined)
    assert.ok(process.threadCpuUsage(began).user < 2_000_000)
  })
})

const template = (text: string): PathTemplate => {
  const read = parseTemplate(text)
  assert.ok('segments' in read)
  return read
}

const matcherOf = (rules: readonly string[]): Matcher<string> => {
  const matcher = createMatcher<string>()
  for (const rule of rules) {
    const [method = '', text = ''] = rule.split(' ')
    matcher.add(template(text), method, rule)
  }
  return matcher
}

const segments = fc.constantFrom('a', 'b', '*')
const verbs = fc.constantFrom('', ':v')
const templates = fc
  .tuple(fc.array(segments, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '/**'), verbs)
  .map(([parts, open, verb]) => `/${parts.join('/')}${open}${verb}`)
const paths = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 }), verbs)
  .map(([parts, verb]) => `/${parts.join('/')}${verb}`)

/** The same question asked of a regular expression. */
const pattern = ({ segments: parts, verb }: PathTemplate): RegExp => {
  const text = parts
    .map((part) => (part.kind === 'literal' ? `/${part.text}` : part.kind === 'one' ? '/[^/]+' : '(?:/[^/]*)*'))
    .join('')
  return new RegExp(`^${text}${verb === '' ? '' : `:${verb}`}$`)
}
