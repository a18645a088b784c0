import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { typeFiles } from '../compile/resolver-types.ts'
import { writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'

export const typesCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('types')
    .summary('write the types of resolver modules')
    .description(
      'Writes <bff>.types.ts beside the resolver module of each BFF: what its functions get and give, for defineResolvers<WebSchema>.',
    )
    .argument('[dir]', 'the workspace', '.')
    .option('--check', 'write nothing; exit 1 where a file is not what it would be')
    .addHelpText('after', '\nExample:\n  portico types')
    .action(async (dir: string, { check = false }: { readonly check?: boolean }) => {
      const { plan, diagnostics } = await compileWorkspace(dir, process.env)
      if (plan === undefined) {
        writeDiagnostics(diagnostics, terminal)
        return done(1)
      }
      const files = typeFiles(plan, dir)
      if (files.length === 0) terminal.err('No BFF has `resolvers`; there is nothing to write types for.\n')
      for (const { file, text } of files) {
        const path = join(dir, file)
        if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
        if (check) {
          terminal.err(`${file} is not what the schema says; run portico types.\n`)
          done(1)
        } else {
          writeFileSync(path, text)
          terminal.out(`wrote ${file}\n`)
        }
      }
    })
