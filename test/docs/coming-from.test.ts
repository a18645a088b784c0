import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { planned } from '../../src/config/planned.ts'
import { runCase } from '../support/spec.ts'
import { type Block, type Page, readPage } from '../support/spec-page.ts'

const guide = 'docs/guides/coming-from.md'

describe(guide, () => {
  const { page, settings } = guideAsPage()

  for (const section of page.cases.filter(({ blocks }) => blocks.length > 0)) {
    it(`shows a workspace without mistakes: ${section.title}`, () =>
      runCase(page, {
        ...section,
        blocks: [
          ...section.blocks.filter(({ words }) => words[1] !== 'request' && words[1] !== 'response'),
          block('text diagnostics', ''),
        ],
      }))
    it(`shows what it answers: ${section.title}`, () => runCase(page, section))
  }

  it('says of no setting that it is not there yet where it is', () => {
    assert.ok(settings.length > 5)
    assert.deepEqual(
      settings.filter((setting) => !Object.hasOwn(planned, setting)),
      [],
    )
  })
})

/** The guide as a page that is executed, its addresses those of services below, and the settings it calls missing. */
function guideAsPage(): { readonly page: Page; readonly settings: readonly string[] } {
  const { file, title, cases } = readPage(guide)
  const [, missing = ''] = readFileSync(guide, 'utf8').split('## What has no counterpart yet')
  return {
    page: {
      file,
      title,
      ground: [],
      cases: cases.map((section) => ({
        ...section,
        blocks: [
          ...section.blocks.map((one) => ({ ...one, text: isFile(one) ? here(one.text) : one.text })),
          ...(section.blocks.length === 0 ? [] : services()),
          ...(section.blocks.some(({ words }) => words[0] === 'proto') ? [catalog()] : []),
        ],
      })),
    },
    settings: [...missing.matchAll(/^\| `([^`]+)` \|/gm)].map(([, setting = '']) => setting),
  }
}

/** Addresses as the environment of a page has them. */
function here(text: string): string {
  return text
    .replace('127.0.0.1:8080', '127.0.0.1:0')
    .replaceAll(/http:\/\/([\w-]+):\d+/g, (_, name: string) => `"\${${name.toUpperCase().replace('-', '_')}}"`)
    .replace('"catalog:5003"', '"${CATALOG}"')
}

function services(): readonly Block[] {
  return [
    block('http upstream users-1', 'GET /healthz → 200\n\n{}\n\n* * → 503'),
    block(
      'http upstream users-2',
      `GET /users/u-1 → 200

{"id": "u-1", "name": "Ada"}

GET /users/u-2 → 200

{"id": "u-2", "name": "Bob"}

GET /healthz → 200

{}`,
    ),
    block('http upstream users-3', 'GET /healthz → 200\n\n{}'),
    block(
      'http upstream orders',
      `GET /orders?customer=u-1 → 200

{"data": [{"id": "o-1", "total_cents": 4200}]}

GET /orders?customer=u-2 → 503`,
    ),
  ]
}

function catalog(): Block {
  return block(
    'grpc upstream catalog',
    `shop.v1.Catalog/GetProduct {"id":"p-1"} → OK

{"id": "p-1", "name": "Lamp", "unitsSold": "9223372036854775807"}`,
  )
}

function isFile({ words: [, name = ''] }: Block): boolean {
  return name.includes('.')
}

function block(info: string, text: string): Block {
  return { words: info.split(' '), text, line: 0 }
}
