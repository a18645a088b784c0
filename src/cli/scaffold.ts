import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { scaffoldBff } from '../compile/scaffold.ts'
import { writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'

type Options = {
  readonly dir: string
  readonly from: string
  readonly write?: string
  readonly methods?: readonly string[]
  readonly prefix?: string
}

export const scaffoldCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('scaffold')
    .summary('write the SDL of a gRPC service, to be edited')
    .description(
      'Prints SDL with bindings for what a gRPC service can do: what `expose` would show, with entities and loaders where the service has BatchGet methods. Overwrites nothing.',
    )
    .argument('<bff>', 'the BFF it is for')
    .requiredOption('--from <service>', 'the gRPC service of portico.yaml')
    .option('--write <file>', 'write to this file of the workspace instead of printing')
    .option('--methods <pattern...>', "only these methods, such as 'Get*'")
    .option('--prefix <name>', 'stands before the names of types and root fields')
    .option('--dir <dir>', 'the workspace', '.')
    .addHelpText('after', '\nExample:\n  portico scaffold web --from catalog --write schema/catalog.graphql')
    .action(async (bff: string, { dir, write, ...choice }: Options) => {
      const compiled = await compileWorkspace(dir, process.env)
      const made = scaffoldBff(compiled, { bff, ...choice })
      if ('mistake' in made) {
        if (compiled.plan === undefined) writeDiagnostics(compiled.diagnostics, terminal)
        terminal.err(`${made.mistake}\n`)
        return done(1)
      }
      if (write === undefined) terminal.out(made.text)
      else {
        const path = join(dir, write)
        if (existsSync(path)) {
          terminal.err(`${write} is there already; nothing was written.\n`)
          return done(1)
        }
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, made.text)
        terminal.out(`wrote ${write}; bffs.${bff}.schema names it, or should\n`)
      }
      for (const note of made.notes) terminal.err(`${note}\n`)
    })
