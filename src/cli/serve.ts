import type { Logger } from 'pino'
import { createGateway, type Gateway, startAdministeredWorkers } from '../admin/gateway.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import { WorkspaceError } from '../runtime/gateway.ts'
import { watchWorkspace } from '../runtime/watch.ts'
import { summary, writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'
import { keepFewYoungBuffers } from './young-buffers.ts'

export type Serving = {
  readonly dir: string
  readonly development: boolean
  /** How many processes serve; this one, if it is one. */
  readonly workers?: number
  readonly terminal: Terminal
  readonly log: Logger
  /** Told once the ports are open. */
  readonly opened: (gateway: Served) => void
  /** Told of every reload, with what the workspace says of itself. */
  readonly reloaded: (ok: boolean, diagnostics: readonly Diagnostic[]) => void
}

export type Served = Pick<
  Gateway,
  'listen' | 'probes' | 'admin' | 'plan' | 'diagnostics' | 'files' | 'reload' | 'close'
> & {
  /** Resolves with the reason when it cannot serve any more. */
  readonly lost?: Promise<string>
}

/** Serves a workspace until a signal ends it: SIGHUP or a changed file reloads, SIGTERM and SIGINT drain, a second one cuts. */
export const serve = (serving: Serving): Promise<Exit> => {
  keepFewYoungBuffers()
  const end = endSignals()
  return Promise.race([serveUntil(end.asked, serving), end.cut])
}

/** While a workspace is written, its documents are worth a port nobody asked for. */
const adminByDefault = { host: '127.0.0.1', port: 9080 } as const

const serveUntil = async (asked: Promise<void>, serving: Serving): Promise<Exit> => {
  const { dir, development, workers = 1, terminal, log, opened, reloaded } = serving
  let isHungUp = false
  // One that comes before anything can be reloaded waits until it can.
  let hangUp = (): void => {
    isHungUp = true
  }
  process.on('SIGHUP', () => hangUp())
  let gateway: Served
  try {
    gateway =
      workers === 1
        ? await createGateway({ dir, development, log, ...(development ? { adminByDefault } : {}) })
        : await startAdministeredWorkers({ dir, count: workers, log })
  } catch (error) {
    if (error instanceof WorkspaceError) {
      writeDiagnostics(error.diagnostics, terminal)
      terminal.err(`${summary(error.diagnostics)}; nothing was started\n`)
    } else terminal.err(`${whyNot(error)}\n`)
    return 1
  }
  writeDiagnostics(gateway.diagnostics(), terminal)
  const reload = async (by: 'file' | 'signal'): Promise<void> => {
    const { ok, diagnostics } = await gateway.reload({ by })
    reloaded(ok, diagnostics)
  }
  const failed = (err: unknown): void => log.error({ err }, 'reload failed; the last good generation goes on')
  const watching = await watchWorkspace(dir, { gateway, changed: () => reload('file'), failed })
  hangUp = () => void reload('signal').catch(failed)
  opened(gateway)
  if (isHungUp) hangUp()
  const lost = await Promise.race([asked, gateway.lost ?? asked])
  if (lost === undefined) log.info('draining')
  else log.fatal(`${lost}, and no worker can be kept alive`)
  await watching.close()
  await gateway.close()
  return lost === undefined ? 0 : 1
}

/** Signals within this time are one wish: a terminal sends them to a whole group, and npm passes them on once more. */
const oneWishMs = 500

const endSignals = (): { readonly asked: Promise<void>; readonly cut: Promise<Exit> } => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const { promise: cut, resolve: cutWith } = Promise.withResolvers<Exit>()
  let askedAt: number | undefined
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.on(signal, () => {
      const now = performance.now()
      if (askedAt !== undefined && now - askedAt > oneWishMs) cutWith(status)
      askedAt ??= now
      ask()
    })
  return { asked, cut }
}

const whyNot = (error: unknown): string => {
  const { code, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRNOTAVAIL')
    return `${address}:${port} is no address of this machine; change listen, probes or admin in portico.yaml.`
  if (code === 'EADDRINUSE')
    return `${address}:${port} is in use; stop what listens there, or change listen, probes or admin in portico.yaml.`
  if (code === 'EACCES') return `${address}:${port} may not be opened by this user; ports below 1024 are for root.`
  return message
}
