import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestId } from '../../src/telemetry/request-id.ts'
import { traceContext } from '../../src/telemetry/traceparent.ts'

describe('requestId', () => {
  it('takes a well-formed id', () => {
    for (const id of ['a', 'req-1.2_3~4', 'x'.repeat(128)]) assert.equal(requestId(id), id)
  })

  it('makes its own where there is none, or one that could break a log or a header', () => {
    for (const id of [undefined, '', 'a b', 'a, b', 'a\nb', 'é', '{"a":1}', 'x'.repeat(129), ['a']]) {
      assert.match(requestId(id), /^[0-9a-f]{32}$/)
    }
    assert.notEqual(requestId(undefined), requestId(undefined))
  })
})

describe('traceContext', () => {
  const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  it('passes a valid trace on as it is, with its state', () => {
    assert.deepEqual(traceContext(valid, 'a=1,b=2'), { traceparent: valid, tracestate: 'a=1,b=2' })
    assert.deepEqual(traceContext(valid, undefined), { traceparent: valid, tracestate: undefined })
    const later = valid.replace('00-', 'cc-')
    for (const traceparent of [later, `${later}-what-the-future-brings`]) {
      assert.equal(traceContext(traceparent, undefined).traceparent, traceparent)
    }
  })

  it('starts a new trace where there is none or an invalid one, and drops its state', () => {
    for (const traceparent of [
      undefined,
      '',
      valid.toUpperCase(),
      valid.replace('00-', 'ff-'),
      `${valid}-more`,
      `${valid}0`,
      `${valid}, ${valid}`,
      valid.slice(0, -1),
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
      `${valid.replace('00-', 'cc-')}x`,
    ]) {
      const made = traceContext(traceparent, 'a=1')
      assert.notEqual(made.traceparent, traceparent)
      assert.match(made.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
      assert.equal(made.tracestate, undefined)
    }
  })
})
