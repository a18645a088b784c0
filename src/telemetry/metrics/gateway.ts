import { Counter, Gauge, type Registry } from '@prometheus-io/client'

/** Of the gateway itself. */
export type GatewayMetrics = {
  /** A reload ended; `generation` is the one that serves now. */
  readonly observeReload: (result: 'success' | 'failure', generation: number) => void
  /** A request was refused because the event loop lags. */
  readonly observeShed: () => void
  /** An event of the audit log was lost, for too many wait to be written. */
  readonly observeAuditLost: () => void
  /** A line of the log was lost, for nobody reads it. */
  readonly observeLogLost: () => void
}

export const gatewayMetrics = (registry: Registry): GatewayMetrics => {
  const registers = [registry]
  const reloads = new Counter({
    name: 'portico_config_reload_total',
    help: 'Reloads of the workspace.',
    labelNames: ['result'],
    // Workers reload together.
    aggregator: 'max',
    registers,
  })
  const generations = new Gauge({
    name: 'portico_config_generation',
    help: 'The generation that serves.',
    aggregator: 'max',
    registers,
  })
  const shed = new Counter({
    name: 'portico_shed_requests_total',
    help: 'Requests that were refused because the event loop lagged.',
    registers,
  })
  const auditLost = new Counter({
    name: 'portico_audit_lost_total',
    help: 'Events of the audit log that were lost because too many wait to be written.',
    registers,
  })
  const logLost = new Counter({
    name: 'portico_log_lost_total',
    help: 'Lines of the log that were lost because nobody reads it.',
    registers,
  })

  return {
    observeReload(result, generation) {
      reloads.inc({ result })
      generations.set(generation)
    },
    observeShed: () => shed.inc(),
    observeAuditLost: () => auditLost.inc(),
    observeLogLost: () => logLost.inc(),
  }
}
