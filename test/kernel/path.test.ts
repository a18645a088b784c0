import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { array, assert as assertAll, constantFrom, property } from 'fast-check'
import { canonicalPath } from '../../src/kernel/path.ts'

describe('canonicalPath', () => {
  const same: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['/admin', '/admin'],
    ['/admin/', '/admin/'],
    ['/%61dmin', '/admin'],
    ['/./admin', '/admin'],
    ['/x/../admin', '/admin'],
    ['/x/%2e%2e/admin', '/admin'],
    ['/a//b///c', '/a/b/c'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['/a/.', '/a/'],
    ['/a//../b', '/b'],
    ['/ADMIN', '/ADMIN'],
    ['/admin;x', '/admin;x'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%3bb%40c', '/a%3Bb%40c'],
    ['/100%25', '/100%25'],
    ['/%252e%252e/x', '/%252e%252e/x'],
    ['/a"b<c>{d}', '/a%22b%3Cc%3E%7Bd%7D'],
    ['/...', '/...'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a?b=../..%2f', '/a'],
  ]
  for (const [target, path] of same) {
    it(`reads ${target} as ${path}`, () => assert.equal(canonicalPath(target), path))
  }

  const refused = [
    '',
    '*',
    'http://host/a',
    '//admin',
    '//host/a',
    '/..',
    '/../a',
    '/a/../../b',
    '/%2e%2e/a',
    '/..%2fadmin',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
    '/%00',
    '/%0d%0aX:y',
    '/a%7f',
    '/a%23b',
    '/a#b',
    '/a?b#c',
    '/%',
    '/%4',
    '/%zz',
  ]
  for (const target of refused) {
    it(`refuses ${JSON.stringify(target)}`, () => assert.equal(canonicalPath(target), undefined))
  }

  it('gives a path that is its own canonical form and holds no dot segment', () => {
    const piece = constantFrom('/', '.', '..', '%2e', '%2F', '%41', '%', 'a', '~', '%25', '\\', ';', '{', 'é', '?', '#')
    assertAll(
      property(array(piece, { maxLength: 12 }), (pieces) => {
        const path = canonicalPath(`/${pieces.join('')}`)
        if (path === undefined) return
        assert.equal(canonicalPath(path), path)
        assert.doesNotMatch(path, /\/\/|\/\.\.?(?:\/|$)|[\\#?]/)
      }),
    )
  })
})
