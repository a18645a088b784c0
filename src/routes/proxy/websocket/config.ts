import { z } from 'zod'
import { count, duration, size } from '../../../config/scalars.ts'

const settings = z.strictObject({
  idle: duration.default(300_000).describe('How long no frame may come from either side.'),
  pings: z
    .boolean()
    .default(true)
    .describe('Whether pings and pongs count as frames of that; otherwise only messages keep a WebSocket open.'),
  age: duration.default(86_400_000).describe('How long a WebSocket may be open at all.'),
  connections: count.default(10_000).describe('WebSockets of the route at once, in each process.'),
  perClient: count.default(1_000).describe('Those of one client: of the user a token names, else of one address.'),
  maxMessage: size
    .optional()
    .describe(
      'The largest message of either side; `maxBody` from clients and `maxAnswer` from the service by default.',
    ),
})

/** Whether a route passes WebSockets on, and their bounds. */
export const websocketConfig = z
  .union([settings, z.boolean()])
  .default(false)
  .describe(
    'Whether WebSocket upgrades are passed on too; those of browsers from pages of the gateway’s own origin and of those that `cors` names. `true` takes the default bounds.',
  )

type Written = z.output<typeof websocketConfig>

/** The bounds of a route's WebSockets. */
export type WebSocketSettings = {
  readonly idleMs: number
  readonly pingsCount: boolean
  readonly ageMs: number
  readonly connections: number
  readonly perClient: number
  /** Bytes of one message, as it travels. */
  readonly maxFromClient: number
  readonly maxFromService: number
}

/** What is written, its defaults taken; undefined where a route takes none. */
export const websocketSettings = (
  written: Written,
  { maxBodyBytes, maxAnswerBytes }: { readonly maxBodyBytes: number; readonly maxAnswerBytes: number },
): WebSocketSettings | undefined => {
  if (written === false) return undefined
  const { idle, pings, age, connections, perClient, maxMessage } = written === true ? settings.parse({}) : written
  return {
    idleMs: idle,
    pingsCount: pings,
    ageMs: age,
    connections,
    perClient,
    maxFromClient: maxMessage ?? maxBodyBytes,
    maxFromService: maxMessage ?? maxAnswerBytes,
  }
}
