import { Command } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { hasErrors } from '../kernel/diagnostic.ts'
import type { Exit, Terminal } from './program.ts'
import { summary, writeDiagnostics } from './report.ts'

export const checkCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('check')
    .summary('find every mistake of a workspace')
    .description(
      'Checks portico.yaml, schemas, protos and stored operations together, and prints every mistake with its place.\nExits 1 when there is an error; warnings alone exit 0.',
    )
    .argument('[dir]', 'the workspace', '.')
    .addHelpText('after', '\nExample:\n  portico check examples/hello')
    .action(async (dir: string) => {
      const { plan, diagnostics } = await compileWorkspace(dir, process.env)
      writeDiagnostics(diagnostics, terminal)
      if (plan !== undefined) {
        const endpoints = plan.bffs.flatMap(({ served }) => served.endpoints)
        const counted = [
          [plan.services.size, 'service'],
          [plan.bffs.length, 'BFF'],
          [endpoints.length, 'stored operation'],
          [plan.routes.length, 'route'],
        ] as const
        terminal.out(
          `checked ${counted.map(([count, name]) => `${count} ${name}${count === 1 ? '' : 's'}`).join(', ')}: `,
        )
      }
      terminal.out(`${summary(diagnostics)}\n`)
      done(hasErrors(diagnostics) ? 1 : 0)
    })
