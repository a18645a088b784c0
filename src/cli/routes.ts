import { Command } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { type Listed, listAddresses } from '../compile/listing.ts'
import type { Exit, Terminal } from './program.ts'
import { writeDiagnostics } from './report.ts'

export const routesCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('routes')
    .summary('print what is served, by whom and under which policies')
    .description(
      'Prints every address the workspace serves, in the order in which they match, with the policies a request meets before it.',
    )
    .argument('[dir]', 'the workspace', '.')
    .option('--json', 'one JSON array instead of a table')
    .addHelpText('after', '\nExample:\n  portico routes --json')
    .action(async (dir: string, { json }: { readonly json?: boolean }) => {
      const { plan, diagnostics } = await compileWorkspace(dir, process.env)
      if (plan === undefined) {
        writeDiagnostics(diagnostics, terminal)
        return done(1)
      }
      const listed = listAddresses(plan)
      terminal.out(json === true ? `${JSON.stringify(listed, null, 2)}\n` : table(listed))
    })

const table = (listed: readonly Listed[]): string => {
  const rows = listed.map(({ method, address, match = [], by, policies }) => [
    method,
    [address, ...match.map((one) => `[${one}]`)].join(' '),
    by,
    policies.join(' → ') || 'open',
  ])
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
