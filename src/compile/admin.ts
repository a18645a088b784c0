import type { Places } from '../config/places.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import type { WorkspaceConfig } from './config.ts'

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i

/** Whether a host is this machine, and nothing sent there leaves it. */
export const isLoopback = (host: string): boolean => loopback.test(host)

/** The admin port has no login, so nobody but this machine may reach it. */
export const openAdmin = ({ admin }: WorkspaceConfig, places: Places): readonly Diagnostic[] => {
  if (admin === undefined || isLoopback(admin.host)) return []
  const message = `The admin port has no login yet, so it opens on loopback only: write 127.0.0.1:${admin.port}, and reach it through a tunnel.`
  return [
    { severity: 'error', code: 'PORTICO-011', place: places.at(['admin'], 'value'), coordinate: 'admin', message },
  ]
}
