import {
  type Gateway as Bare,
  type GatewayOptions as BareOptions,
  createGateway as createBare,
} from '../runtime/gateway.ts'
import type { SidePort } from '../runtime/listener.ts'
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
  let admin: SidePort | undefined
  try {
    admin = await openAdmin(gateway, options.adminByDefault)
  } catch (error) {
    await gateway.close()
    throw error
  }
  return {
    ...gateway,
    // A reload may move them.
    get listen() {
      return gateway.listen
    },
    get probes() {
      return gateway.probes
    },
    admin: admin?.address,
    async close() {
      await admin?.close()
      await gateway.close()
    },
  }
}

/** The same by several workers; the port is that of the process that supervises them. */
export const startAdministeredWorkers = async (
  options: WorkersOptions,
): Promise<Workers & { readonly admin: Bare['listen'] | undefined }> => {
  const workers = await startWorkers(options)
  let admin: SidePort | undefined
  try {
    admin = await openAdmin(workers, undefined)
  } catch (error) {
    await workers.close()
    throw error
  }
  return {
    ...workers,
    // A reload may move them.
    get listen() {
      return workers.listen
    },
    get probes() {
      return workers.probes
    },
    admin: admin?.address,
    async close() {
      await admin?.close()
      await workers.close()
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
