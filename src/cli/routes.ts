import { Command } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { type Listed, listAddresses } from '../compile/listing.ts'
import type { Json } from '../kernel/json.ts'
import { readBody, readHeader, readRequestLine, routeText } from './explain-route.ts'
import { writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'

export const routesCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('routes')
    .summary('print what is served, by whom and under which policies')
    .description(
      'Prints every address the workspace serves, in the order in which they match, with the policies a request meets before it.',
    )
    .argument('[dir]', 'the workspace', '.')
    .option('--json', 'one JSON array instead of a table')
    .option(
      '--explain <request>',
      "which route answers a request such as 'GET /users/1', and why others do not",
      readRequestLine,
    )
    .option('-H, --header <line>', "a header of that request, such as 'x-beta: 1'; may be repeated", readHeader, {})
    .option('-d, --data <json>', 'the body of that request, where routes are told apart by it', readBody)
    .option('--address <address>', 'where that request comes from', '127.0.0.1')
    .addHelpText(
      'after',
      "\nExamples:\n  portico routes --json\n  portico routes --explain 'GET /users/1' -H 'host: shop.example'\n  portico routes --explain 'POST /orders' -d '{\"tier\": \"gold\"}'",
    )
    .action(async (dir: string, { json, explain, header, address, data }: Options) => {
      const { plan, diagnostics } = await compileWorkspace(dir, process.env)
      if (plan === undefined) {
        writeDiagnostics(diagnostics, terminal)
        return done(1)
      }
      if (explain !== undefined)
        return terminal.out(routeText(plan, { ...explain, headers: header, address, body: data }))
      const listed = listAddresses(plan)
      terminal.out(json === true ? `${JSON.stringify(listed, null, 2)}\n` : table(listed))
    })

type Options = {
  readonly json?: boolean
  readonly explain?: { readonly method: string; readonly target: string }
  readonly header: Readonly<Record<string, string>>
  readonly address: string
  readonly data?: Json
}

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
