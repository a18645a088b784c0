import { Command } from 'commander'
import { listAddresses } from '../compile/listing.ts'
import { documentedApis } from '../compile/openapi.ts'
import { createLog } from '../telemetry/log.ts'
import { crashed } from './crash.ts'
import { readableLine } from './log-lines.ts'
import { summary, writeDiagnostics } from './report.ts'
import { type Served, serve } from './serve.ts'
import { urlOf } from './start.ts'
import type { Exit, Terminal } from './terminal.ts'

export const devCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('dev')
    .summary('serve a workspace while you write it')
    .description(
      'Like start, with introspection, GraphiQL, suggestions and readable logs. A change is served at once; a broken one is explained, and the last good state goes on.',
    )
    .argument('[dir]', 'the workspace', '.')
    .addHelpText('after', '\nExample:\n  portico dev examples/hello')
    .action(async (dir: string) => {
      const log = createLog({
        level: 'info',
        destination: { write: (line) => terminal.out(readableLine(line, terminal.colours)) },
      })
      const crash = crashed(log)
      done(
        await Promise.race([
          crash,
          serve({
            dir,
            development: true,
            terminal,
            log,
            opened: (gateway) => terminal.out(welcome(gateway)),
            reloaded(ok, diagnostics) {
              writeDiagnostics(diagnostics, terminal)
              if (!ok) terminal.err(`${summary(diagnostics)}; the last good state goes on\n`)
            },
          }),
        ]),
      )
    })

const welcome = ({ listen, probes, admin, plan }: Served): string => {
  const base = urlOf(listen, plan().tls === undefined ? 'http' : 'https')
  const local = base.replace('//0.0.0.0:', '//localhost:').replace('//[::]:', '//localhost:')
  const graphiql = plan().bffs.flatMap(({ served }) =>
    served.graphql ? [`  GraphiQL  ${local}${served.prefix}/graphiql\n`] : [],
  )
  const docs = admin === undefined || documentedApis(plan()).length === 0 ? '' : `  API docs  ${urlOf(admin)}/docs\n`
  const addresses = listAddresses(plan()).map(({ method, address }) => `  ${method} ${address}\n`)
  return `Portico serves ${local}${probes === undefined ? '' : `, probes at ${urlOf(probes)}`}\n${graphiql.join('')}${docs}${addresses.join('')}`
}
