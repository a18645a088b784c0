import type { RunningService, ServiceOptions } from './running-service.ts'

/** In the environment: PORT, CONTROL_PORT (by default 100 above PORT) and HOST. */
export interface ProcessDefaults {
  readonly port: number
}

/** Runs a service as a process until SIGTERM or SIGINT, or until the parent that forked it is gone. */
export async function runAsProcess(
  start: (options: ServiceOptions) => Promise<RunningService<never>>,
  defaults: ProcessDefaults,
): Promise<void> {
  const port = Number(process.env.PORT ?? defaults.port)
  const control = Number(process.env.CONTROL_PORT ?? (port === 0 ? 0 : port + 100))
  const service = await start({ port, control, host: process.env.HOST ?? '127.0.0.1' })

  const stop = async () => {
    await service.close()
    if (process.connected) process.disconnect()
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(event, stop)

  process.stdout.write(
    `${JSON.stringify({ service: service.name, address: service.address, control: service.controlUrl })}\n`,
  )
}
