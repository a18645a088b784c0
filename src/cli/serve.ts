import type { Logger } from 'pino'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import { createGateway, type Gateway, WorkspaceError } from '../runtime/gateway.ts'
import { watchWorkspace } from '../runtime/watch.ts'
import type { Exit, Terminal } from './program.ts'
import { summary, writeDiagnostics } from './report.ts'

export type Serving = {
  readonly dir: string
  readonly development: boolean
  readonly terminal: Terminal
  readonly log: Logger
  /** Told once the ports are open. */
  readonly opened: (gateway: Gateway) => void
  /** Told of every reload, with what the workspace says of itself. */
  readonly reloaded: (ok: boolean, diagnostics: readonly Diagnostic[]) => void
}

/** Serves a workspace until a signal ends it: SIGHUP or a changed file reloads, SIGTERM and SIGINT drain, a second one cuts. */
export const serve = async ({ dir, development, terminal, log, opened, reloaded }: Serving): Promise<Exit> => {
  let gateway: Gateway
  try {
    gateway = await createGateway({ dir, development, log })
  } catch (error) {
    if (error instanceof WorkspaceError) {
      writeDiagnostics(error.diagnostics, terminal)
      terminal.err(`${summary(error.diagnostics)}; nothing was started\n`)
    } else terminal.err(`${whyNot(error)}\n`)
    return 1
  }
  opened(gateway)
  const reload = async (): Promise<void> => {
    const { ok, diagnostics } = await gateway.reload()
    reloaded(ok, diagnostics)
  }
  const watching = watchWorkspace(dir, { gateway, changed: reload })
  const onHangup = (): void => void reload()
  process.on('SIGHUP', onHangup)
  await endSignal()
  log.info('draining')
  const cut = endSignal().then(() => 'cut' as const)
  await watching.close()
  const ended = await Promise.race([gateway.close().then(() => 'drained' as const), cut])
  process.off('SIGHUP', onHangup)
  return ended === 'drained' ? 0 : 1
}

const endSignal = (): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      process.off('SIGTERM', end)
      process.off('SIGINT', end)
      resolve()
    }
    process.on('SIGTERM', end)
    process.on('SIGINT', end)
  })

const whyNot = (error: unknown): string => {
  const { code, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE')
    return `${address}:${port} is in use; stop what listens there, or change listen or probes in portico.yaml.`
  if (code === 'EACCES') return `${address}:${port} may not be opened by this user; ports below 1024 are for root.`
  return message
}
