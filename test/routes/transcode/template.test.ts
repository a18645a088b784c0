import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTemplate } from '../../../src/routes/transcode/template.ts'

const read: readonly (readonly [text: string, segments: string, variables: string, verb: string])[] = [
  ['/', '', '', ''],
  ['/v1', 'v1', '', ''],
  ['/v1/things', 'v1 things', '', ''],
  ['/v1/*/things/**', 'v1 * things **', '', ''],
  ['/v1/{id}', 'v1 *', 'id 1-2', ''],
  ['/v1/{id=*}', 'v1 *', 'id 1-2', ''],
  ['/v1/{id=fixed}', 'v1 fixed', 'id 1-2', ''],
  ['/v1/{name=shelves/*}', 'v1 shelves *', 'name 1-3 multi', ''],
  ['/v1/{name=shelves/*/books/*}/pages/{page}', 'v1 shelves * books * pages *', 'name 1-5 multi, page 6-7', ''],
  ['/v1/{name=**}', 'v1 **', 'name 1-Infinity multi', ''],
  ['/v1/{name=files/**}', 'v1 files **', 'name 1-Infinity multi', ''],
  ['/v1/{a.b.c}/{a.d}', 'v1 * *', 'a.b.c 1-2, a.d 2-3', ''],
  ['/v1/things:list', 'v1 things', '', 'list'],
  ['/v1:batch', 'v1', '', 'batch'],
  ['/v1/{id}:archive', 'v1 *', 'id 1-2', 'archive'],
  ['/v1/{name=things/*}:archive', 'v1 things *', 'name 1-3 multi', 'archive'],
  ['/v1/{name=**}:archive', 'v1 **', 'name 1-Infinity multi', 'archive'],
  ['/v1/*:archive', 'v1 *', '', 'archive'],
  ['/$discovery/a=b', '$discovery a=b', '', ''],
  ['/v1/a:b/c', 'v1 a:b c', '', ''],
  ['/v1/caf\u00e9/a b', 'v1 caf%E9 a%20b', '', ''],
  ['/v1/%7euser', 'v1 ~user', '', ''],
]

const refused: readonly (readonly [text: string, at: number, message: string])[] = [
  ['', 0, 'A path template begins with a slash.'],
  ['v1/things', 0, 'A path template begins with a slash.'],
  ['/v1//things', 4, 'There is a segment missing.'],
  ['/v1/', 4, 'There is a segment missing.'],
  ['/:verb', 1, 'There is a segment missing.'],
  ['/v1/**/things', 4, '`**` takes all that is left: nothing may follow; this rule is not served.'],
  ['/v1/{name=**}/things', 10, '`**` takes all that is left: nothing may follow; this rule is not served.'],
  ['/v1/{name=**/a}', 10, '`**` takes all that is left: nothing may follow; this rule is not served.'],
  ['/v1/{a={b}}', 7, 'A variable may not hold another variable.'],
  ['/v1/{a', 6, 'This variable is not closed: `}` is missing.'],
  ['/v1/{a=b/c', 10, 'This variable is not closed: `}` is missing.'],
  ['/v1/{}', 5, 'Expected the name of a field.'],
  ['/v1/{1a}', 5, 'Expected the name of a field.'],
  ['/v1/{a.}', 6, 'This variable is not closed: `}` is missing.'],
  ['/v1/{a}/{a}', 8, 'a stands here twice.'],
  ['/v1/{a}-{b}', 7, 'Expected `/`, `:` or the end of the template.'],
  ['/v1/x{a}', 5, 'Expected `/`, `:` or the end of the template.'],
  ['/v1/*x', 5, 'Expected `/`, `:` or the end of the template.'],
  ['/v1/a}', 5, 'Expected `/`, `:` or the end of the template.'],
  ['/v1/{a}:', 8, 'There is no verb behind the colon.'],
  ['/v1/{a}:x/y', 9, 'Nothing may follow the verb.'],
  ['/v1/{a}:x:y', 8, 'A template has one verb.'],
  ['/v1/a?b', 4, 'No request path can hold "a?b" as one segment.'],
  ['/v1/../a', 4, 'No request path can hold ".." as one segment.'],
  ['/v1/a%2Fb', 4, 'No request path can hold "a%2Fb" as one segment.'],
]

describe('a path template', () => {
  for (const [text, segments, variables, verb] of read)
    it(`is read: ${text}`, () => {
      const template = parseTemplate(text)
      assert.ok('segments' in template, JSON.stringify(template))
      assert.equal(template.segments.map(shown).join(' '), segments)
      assert.equal(
        template.variables
          .map(({ path, from, to, multi }) => `${path} ${from}-${to}${multi ? ' multi' : ''}`)
          .join(', '),
        variables,
      )
      assert.equal(template.verb, verb)
    })

  for (const [text, at, message] of refused)
    it(`is refused: ${text}`, () => {
      const found = parseTemplate(text)
      assert.ok('at' in found)
      assert.deepEqual([found.at, found.message], [at, message])
    })
})

type Segment = { readonly kind: string; readonly text?: string }

const shown = ({ kind, text }: Segment): string => text ?? (kind === 'one' ? '*' : '**')
