import { Command } from 'commander'
import { createLog } from '../telemetry/log.ts'
import { serve } from './serve.ts'
import type { Exit, Terminal } from './terminal.ts'

export const startCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('start')
    .summary('serve a workspace in production')
    .description(
      'Checks the workspace, opens its ports and serves it; refuses to start on any error.\nSIGHUP or a changed file swaps in the next state without a lost request; SIGTERM drains and exits 0.',
    )
    .argument('[dir]', 'the workspace', '.')
    .addHelpText('after', '\nExample:\n  portico start /workspace')
    .action(async (dir: string) => {
      const log = createLog({ level: 'info' })
      done(
        await serve({
          dir,
          development: false,
          terminal,
          log,
          opened: ({ listen, probes, admin }) =>
            log.info(
              {
                listen: urlOf(listen),
                ...(probes && { probes: urlOf(probes) }),
                ...(admin && { admin: urlOf(admin) }),
              },
              'listening',
            ),
          reloaded: () => {},
        }),
      )
    })

export const urlOf = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`
