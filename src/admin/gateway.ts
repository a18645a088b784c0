import {
  type Gateway as Bare,
  type GatewayOptions as BareOptions,
  createGateway as createBare,
} from '../runtime/gateway.ts'
import type { SidePort } from '../runtime/listener.ts'
import type { Reloaded } from '../runtime/reloaded.ts'
import { startWorkers, type Workers, type WorkersOptions } from '../runtime/workers/primary.ts'
import { type Administered, openAdminPort } from './port.ts'

export type GatewayOptions = BareOptions & {
  /** Where the admin port opens when the workspace says nothing of it, if that address is free; nowhere by default. */
  readonly adminByDefault?: Bare['listen']
}

/** A running gateway with the port for those who run it. */
export type Gateway = Bare & {
  /** Where API documents are shown; undefined where the port is not open. */
  readonly admin: Bare['listen'] | undefined
}

/**
 * Checks a workspace, opens its ports and serves it. Rejects with WorkspaceError when it does not check, and with
 * Node's own error when a port cannot be had.
 */
export const createGateway = async (options: GatewayOptions = {}): Promise<Gateway> => {
  const gateway = await createBare(options)
  const face = await administer(gateway, { byDefault: options.adminByDefault, log: options.log })
  return {
    ...gateway,
    ...face,
    // A reload may move them.
    get listen() {
      return gateway.listen
    },
    get probes() {
      return gateway.probes
    },
    get admin() {
      return face.admin
    },
  }
}

/** The same by several workers; the port is that of the process that supervises them. */
export const startAdministeredWorkers = async (
  options: WorkersOptions,
): Promise<Workers & { readonly admin: Bare['listen'] | undefined }> => {
  const workers = await startWorkers(options)
  const face = await administer(workers, { byDefault: undefined, log: options.log })
  return {
    ...workers,
    ...face,
    // A reload may move them.
    get listen() {
      return workers.listen
    },
    get probes() {
      return workers.probes
    },
    get admin() {
      return face.admin
    },
  }
}

type Running = Administered & Pick<Bare, 'close'>

type Around = { readonly byDefault: Bare['listen'] | undefined; readonly log: BareOptions['log'] }

/** A gateway's admin port, which follows its reloads. Closes the gateway and rejects where the port cannot be had. */
const administer = async (
  gateway: Running,
  { byDefault, log }: Around,
): Promise<Pick<Gateway, 'admin' | 'reload' | 'close'>> => {
  let last: Promise<unknown> = Promise.resolve()
  const reload: Bare['reload'] = (by) => {
    const next = last.then(() => reloadAndFollow(by))
    last = next.catch(() => {})
    return next
  }
  const administered: Administered = {
    plan: gateway.plan,
    services: gateway.services,
    reload,
    get listen() {
      return gateway.listen
    },
  }
  let wanted = gateway.plan().admin
  let port: SidePort | undefined
  try {
    port = await openAdmin(administered, byDefault)
  } catch (error) {
    await gateway.close()
    throw error
  }
  const reloadAndFollow = async (by: Parameters<Bare['reload']>[0]): Promise<Reloaded> => {
    const reloaded = await gateway.reload(by)
    const next = gateway.plan().admin
    if (!reloaded.ok || JSON.stringify(next) === JSON.stringify(wanted)) return reloaded
    try {
      const old = port
      port = await openAdmin(administered, byDefault)
      wanted = next
      // Whoever asked for the reload may have asked there.
      old?.leave()
      return reloaded
    } catch (error) {
      const why = `admin stays where it was: ${(error as Error).message}`
      log?.error(why)
      return { ...reloaded, why }
    }
  }
  return {
    get admin() {
      return port?.address
    },
    reload,
    async close() {
      await last
      await port?.close()
      await gateway.close()
    },
  }
}

const openAdmin = async (
  gateway: Administered,
  byDefault: Bare['listen'] | undefined,
): Promise<SidePort | undefined> => {
  const { admin } = gateway.plan()
  if (admin !== undefined) return openAdminPort(admin, gateway)
  if (byDefault === undefined) return undefined
  try {
    return await openAdminPort(byDefault, gateway)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined
    throw error
  }
}
