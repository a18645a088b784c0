import { z } from 'zod'

/** `health.required` of services of every kind. */
export const requiredHealth = z
  .boolean()
  .default(false)
  .describe(
    'Whether `/readyz` fails while no target serves: for a service without which the gateway is of no use. Otherwise it waits for the service when the gateway starts, 10 s at most, and only names it later.',
  )
