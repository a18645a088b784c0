import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import type { Plan } from '../compile/plan.ts'
import { authorityOf } from '../kernel/authority.ts'
import { runWorker } from '../runtime/workers/worker.ts'
import { createLog } from '../telemetry/log.ts'
import { crashed } from './crash.ts'
import { serve } from './serve.ts'
import type { Exit, Terminal } from './terminal.ts'
import { keepFewYoungBuffers } from './young-buffers.ts'

export const startCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('start')
    .summary('serve a workspace in production')
    .description(
      'Checks the workspace, opens its ports and serves it; refuses to start on any error.\nSIGHUP or a changed file swaps in the next state without a lost request; SIGTERM drains and exits 0.',
    )
    .argument('[dir]', 'the workspace', '.')
    .option('--workers <n|auto>', 'processes that share the port; auto: one for each CPU it may use', workersOf, 1)
    .addHelpText('after', '\nExamples:\n  portico start /workspace\n  portico start /workspace --workers auto')
    .action(async (dir: string, { workers }: { readonly workers: number }) => {
      const log = createLog({ level: 'info' })
      const crash = crashed(log)
      if (cluster.isWorker) {
        keepFewYoungBuffers()
        done(await Promise.race([crash, runWorker({ dir, log, workers })]))
        return
      }
      done(
        await Promise.race([
          crash,
          serve({
            dir,
            development: false,
            workers,
            terminal,
            log,
            opened({ listen, probes, admin, plan }) {
              if (workers > 1 && countsInMemory(plan()))
                log.warn(
                  `each of ${workers} workers counts its share of rate limits for itself; \`redis\` in portico.yaml has them count together`,
                )
              log.info(
                {
                  listen: urlOf(listen, plan().tls === undefined ? 'http' : 'https'),
                  ...(workers > 1 && { workers }),
                  ...(probes && { probes: urlOf(probes) }),
                  ...(admin && { admin: urlOf(admin) }),
                },
                'listening',
              )
            },
            reloaded: () => {},
          }),
        ]),
      )
    })

export const urlOf = (
  { host, port }: { readonly host: string; readonly port: number },
  scheme: 'http' | 'https' = 'http',
): string => `${scheme}://${authorityOf(host, port)}`

/** More than any machine has CPUs for is a typing mistake. */
const mostWorkers = 256

/** `auto` counts what the system lets this process use, a container's share included. */
const workersOf = (text: string): number => {
  if (text === 'auto') return availableParallelism()
  const workers = Number(text)
  if (!/^\d+$/.test(text) || workers < 1 || workers > mostWorkers)
    throw new InvalidArgumentError(`Expected a number from 1 to ${mostWorkers}, or auto.`)
  return workers
}

const countsInMemory = ({ redis, bffs, routes }: Plan): boolean =>
  redis === undefined && [...bffs, ...routes].some(({ policies }) => policies.some(({ name }) => name === 'rateLimit'))
