import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Import, readImports } from './imports.ts'

/**
 * Who may import whom. `types` may be named but not run: a plan holds what features made of the workspace without
 * knowing how. Inside of its own folder a file may import anything, but for features.
 */
const layers: Readonly<Record<string, { readonly may: readonly string[]; readonly types?: readonly string[] }>> = {
  kernel: { may: [] },
  config: { may: ['kernel'] },
  telemetry: { may: ['kernel'] },
  services: { may: ['kernel', 'config', 'telemetry'] },
  graph: { may: ['kernel', 'config', 'telemetry', 'services'] },
  policies: { may: ['kernel', 'config', 'telemetry', 'services'] },
  routes: { may: ['kernel', 'config', 'telemetry', 'services'] },
  bff: { may: ['kernel', 'config', 'telemetry', 'services', 'graph'] },
  'catalog.ts': { may: ['services', 'policies', 'routes', 'bff'] },
  compile: { may: ['kernel', 'config', 'graph', 'catalog.ts'], types: ['services', 'policies', 'routes', 'bff'] },
  runtime: {
    may: ['kernel', 'telemetry', 'services', 'graph', 'policies', 'catalog.ts', 'compile'],
    types: ['config', 'bff'],
  },
  admin: { may: ['kernel', 'telemetry', 'compile', 'runtime'] },
  cli: { may: ['kernel', 'telemetry', 'compile', 'runtime', 'admin'] },
  'main.ts': { may: ['cli'] },
}

/**
 * Folders of features: files directly in one are shared by its features, a feature knows no sibling, and only who
 * composes them (the catalogue, and the shared files of `bff`) may run one. Others may name its types.
 */
const featured = ['policies', 'routes', 'bff']
const composers = ['catalog.ts', 'bff']

/** What still breaks the table, each with the way out; the list only ever gets shorter. */
const debts: readonly string[] = []

const layerOf = (file: string): string => file.split('/')[1] ?? ''

const featureOf = (file: string): string | undefined => {
  const [, layer = '', feature, more] = file.split('/')
  return featured.includes(layer) && more !== undefined ? feature : undefined
}

/** What is wrong with an import, or undefined. */
const offence = ({ from, to, typeOnly }: Import): string | undefined => {
  const [mine, theirs] = [layerOf(from), layerOf(to)]
  if (mine === 'index.ts') return undefined
  const rule = layers[mine]
  if (rule === undefined) return `${mine} is in no layer; add it to the table of ${import.meta.filename}`
  const theirFeature = featureOf(to)
  if (mine === theirs) {
    const myFeature = featureOf(from)
    if (theirFeature === undefined || theirFeature === myFeature || (myFeature === undefined && typeOnly)) return
    if (myFeature !== undefined) return `${mine}/${myFeature} may not know its sibling ${theirFeature}`
    return composers.includes(mine) ? undefined : `what ${mine} shares may not run one of them, ${theirFeature}`
  }
  if (rule.may.includes(theirs))
    return theirFeature === undefined || typeOnly || composers.includes(mine)
      ? undefined
      : `${mine} may not run ${theirs}/${theirFeature} but through the catalogue`
  if (rule.types?.includes(theirs) === true)
    return typeOnly ? undefined : `${mine} may import types of ${theirs} and no more: write \`import type\``
  return `${mine} may import ${[...rule.may, ...(rule.types ?? [])].join(', ') || 'nothing of ours'}, not ${theirs}`
}

describe('layers', () => {
  const imports = readImports()
  const offences = imports.flatMap((one) => {
    const why = offence(one)
    return why === undefined ? [] : [{ pair: `${one.from} → ${one.to}`, why }]
  })

  it('import only what the table allows', () => {
    assert.ok(imports.length > 200, 'the scanner finds the imports')
    const found = offences.filter(({ pair }) => !debts.includes(pair)).map(({ pair, why }) => `${pair}: ${why}`)
    assert.deepEqual(found, [])
  })

  it('list no debt that is paid', () => {
    assert.deepEqual(
      debts.filter((debt) => !offences.some(({ pair }) => pair === debt)),
      [],
    )
  })

  it('have no circles: no file reaches itself by what it imports, types included', () => {
    const next = new Map<string, string[]>()
    for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (file: string, path: readonly string[]): void => {
      const start = path.indexOf(file)
      if (start >= 0) circles.push([...path.slice(start), file].join(' → '))
      if (start >= 0 || done.has(file)) return
      for (const to of next.get(file) ?? []) visit(to, [...path, file])
      done.add(file)
    }
    for (const file of next.keys()) visit(file, [])
    assert.deepEqual(circles, [])
  })
})
