import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { holds } from '../../src/graph/condition.ts'
import { parseCondition } from '../../src/graph/condition-syntax.ts'
import { type Json, parseLossless } from '../../src/kernel/json.ts'

describe('a condition over an answer', () => {
  it('compares status and body, with && before || and ! before both', () => {
    const body = { ok: false, state: 'failed', count: 3, error: { code: 'E-7' }, tags: [] }
    const so = asked(body)
    assert.ok(so('body.ok == false'))
    assert.ok(so('status == 200 && body.state != "done"'))
    assert.ok(so("body.error.code in ['E-6', 'E-7']"))
    assert.ok(so('body.ok || body.count > 2 && body.count <= 3'))
    assert.ok(so('!(body.ok || body.count < 3) && status >= 200 && status < 300'))
    assert.ok(!so('!body.ok && body.count > 3'))
    assert.ok(!so("body.state in ['done']"))
  })

  it('asks by a path alone whether something is there', () => {
    const so = asked({ error: { code: 1 }, none: null, no: false, zero: 0, blank: '', list: [], empty: {}, word: 'x' })
    assert.ok(so('body.error') && so('body.error.code') && so('body.word') && so('body'))
    for (const path of ['none', 'no', 'zero', 'blank', 'list', 'empty', 'absent', 'error.code.deeper', 'constructor'])
      assert.ok(so(`!body.${path}`), path)
  })

  it('takes absent for null, which is neither less nor more than anything', () => {
    const so = asked({ at: null })
    assert.ok(so('body.at == null') && so('body.absent == null') && so('body.absent == body.at'))
    assert.ok(!so('body.at < 1') && !so('body.at >= 0') && !so('body.at <= body.absent'))
  })

  it('tells long numbers apart by every digit, and never a number from its text', () => {
    const so = asked(parseLossless('{"id": 9007199254740993, "price": 1.50, "text": "1"}'))
    assert.ok(so('body.id == 9007199254740993'))
    assert.ok(!so('body.id == 9007199254740992'))
    assert.ok(so('body.price == 1.5'))
    assert.ok(!so('body.text == 1'))
  })

  it('says what is wrong with one that cannot be read', () => {
    const mistakes: readonly (readonly [string, RegExp])[] = [
      ['', /missing at the end/],
      ['body.ok =', /= cannot be read/],
      ['ok == true', /ok is neither body/],
      ['status.code == 1', /status\.code is neither/],
      ['header == 1', /header is neither/],
      ['header.a.b', /header\.a\.b is neither/],
      ['body.ok ==', /missing at the end/],
      ['(body.ok', /parenthesis is not closed/],
      ['body.ok body.no', /Nothing is expected at body\.no/],
      ['body.a in [1 2]', /Commas/],
      ['body.a in [1,', /list is not closed/],
      ['body.a in 1', /takes a list/],
      ['true', /says nothing of the answer/],
      [`${'!'.repeat(100)}body.ok`, /at most 32 levels/],
      [`${'('.repeat(100)}body.ok${')'.repeat(100)}`, /at most 32 levels/],
    ]
    for (const [text, expected] of mistakes) {
      const said = parseCondition(text)
      assert.ok(typeof said === 'string', text)
      assert.match(said, expected)
    }
  })
})

const asked =
  (body: Json) =>
  (text: string): boolean => {
    const condition = parseCondition(text)
    assert.ok(typeof condition !== 'string', text)
    return holds(condition, { status: 200, body })
  }
