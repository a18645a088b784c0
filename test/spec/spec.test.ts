import { globSync } from 'node:fs'
import { describe, it } from 'node:test'
import { runCase } from '../support/spec.ts'
import { readPage } from '../support/spec-page.ts'

const wanted = process.env['SPEC']

for (const file of globSync('test/spec/[!R]*.md').sort()) {
  const page = readPage(file)
  if (page.cases.length === 0 || (wanted !== undefined && !file.includes(wanted))) continue
  describe(page.title, () => {
    for (const one of page.cases) it(one.title, () => runCase(page, one))
  })
}
