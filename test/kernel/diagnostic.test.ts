import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Diagnostic,
  didYouMean,
  formatDiagnostic,
  formatDiagnostics,
  hasErrors,
  nearest,
  placeAt,
} from '../../src/kernel/diagnostic.ts'

describe('placeAt', () => {
  it('counts lines and columns from one and takes the whole line, without its carriage return', () => {
    const text = 'a: 1\r\n  b: 2\r\n'
    assert.deepEqual(placeAt('f', text, text.indexOf('b')), { file: 'f', line: 2, column: 3, text: '  b: 2' })
    assert.deepEqual(placeAt('f', text, text.length), { file: 'f', line: 3, column: 1, text: '' })
  })
})

describe('formatDiagnostic', () => {
  it('shows the place, the line and a caret with the message', () => {
    assert.equal(
      formatDiagnostic(mistake('  proto: nope', 10)),
      'portico.yaml:1:10  services.a  PORTICO-003\n    proto: nope\n           ^ Wrong.',
    )
  })

  it('marks warnings', () => {
    const [head] = formatDiagnostic({ ...mistake('a', 1), severity: 'warning' }).split('\n')
    assert.equal(head, 'portico.yaml:1:1  services.a  PORTICO-003  (warning)')
  })

  it('ends the first line after the place where nothing has a name', () => {
    assert.equal(
      formatDiagnostic({ ...mistake('a', 1), coordinate: '' }),
      'portico.yaml:1:1  PORTICO-003\n    a\n    ^ Wrong.',
    )
  })

  it('keeps the caret under its column past tabs, and commands no terminal', () => {
    assert.equal(
      formatDiagnostic(mistake('a\t\u001b[31mb', 8)),
      'portico.yaml:1:8  services.a  PORTICO-003\n    a\t\ufffd[31mb\n     \t     ^ Wrong.',
    )
  })

  it('shows several in the order of their places', () => {
    const at = (line: number) => ({ ...mistake('', 1), place: { file: 'f', line, column: 1, text: '' } })
    assert.equal(
      formatDiagnostics([at(10), at(2)]),
      'f:2:1  services.a  PORTICO-003\n    Wrong.\n\nf:10:1  services.a  PORTICO-003\n    Wrong.',
    )
  })
})

describe('hasErrors', () => {
  it('lets warnings pass', () => {
    assert.equal(hasErrors([{ ...mistake('a', 1), severity: 'warning' }]), false)
    assert.equal(hasErrors([mistake('a', 1)]), true)
  })
})

describe('didYouMean', () => {
  it('names the nearest candidate, whatever its case', () => {
    assert.equal(didYouMean('ratelimit', ['rateLimit', 'timeout']), ' Did you mean rateLimit?')
    assert.equal(nearest('timout', ['rest', 'timeout']), 'timeout')
  })

  it('lists a few candidates where none is near, and nothing where there are many or none', () => {
    assert.equal(didYouMean('x', ['alpha', 'beta']), ' There are: alpha, beta.')
    assert.equal(didYouMean('x', ['alpha']), ' There is: alpha.')
    assert.equal(
      didYouMean(
        'x',
        Array.from({ length: 13 }, (_, i) => `candidate${i}`),
      ),
      '',
    )
    assert.equal(didYouMean('x', []), '')
  })
})

function mistake(text: string, column: number): Diagnostic {
  return {
    severity: 'error',
    code: 'PORTICO-003',
    place: { file: 'portico.yaml', line: 1, column, text },
    coordinate: 'services.a',
    message: 'Wrong.',
  }
}
