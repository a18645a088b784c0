import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** One file importing another of ours; types alone leave no trace in what runs, and still count as knowing. */
export type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean }

const statement =
  /^(?:import|export)\s(?<what>[^'"]*?)from\s*'(?<target>\.[^']+)'|^import\s*'(?<bare>\.[^']+)'|\bimport\('(?<lazy>\.[^']+)'\)/gm

/** `import type …`, and `import { type A, type B } …`. */
const isTypeOnly = (what: string): boolean =>
  what.startsWith('type ') || /^\{(?:\s*type\s[^,}]+,?)+\s*\}\s*$/.test(what)

export const sourceFiles = (): readonly string[] => globSync('src/**/*.ts').sort()

/** Every relative import below src. */
export const readImports = (): readonly Import[] =>
  sourceFiles().flatMap((from) =>
    [...readFileSync(from, 'utf8').matchAll(statement)].map(({ groups = {} }) => {
      const target = groups['target'] ?? groups['bare'] ?? groups['lazy'] ?? ''
      return { from, to: join(dirname(from), target), typeOnly: isTypeOnly(groups['what'] ?? '') }
    }),
  )
