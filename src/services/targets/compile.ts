import type { z } from 'zod'
import { authorityOf } from '../../kernel/authority.ts'
import type { AffinityKey } from './affinity-key.ts'
import type { targetsConfig } from './config.ts'
import { defaults, type TargetSettings, type TargetSpec } from './settings.ts'

type Config = z.output<z.ZodObject<typeof targetsConfig>>

/** A target as read, whatever its address is written as. */
export type WrittenTarget = {
  readonly name: string
  readonly port: number
  readonly weight?: number | undefined
  readonly priority?: number | undefined
  readonly zone?: string | undefined
  readonly part?: string | undefined
}

/** The targets of a service with every default taken. `zone` is the gateway's own. */
export const targetSettings = (
  targets: readonly WrittenTarget[],
  config: Config,
  zone: string | undefined,
): TargetSettings => {
  const { balance, discovery, ejection, slowStart, panic } = config
  const hash = typeof balance === 'string' ? undefined : balance.hash
  return {
    targets: targets.map(
      (target): TargetSpec => ({
        name: target.name,
        port: target.port,
        weight: target.weight ?? 1,
        ...(target.part !== undefined && { part: target.part }),
        // Own zone before others, within what the author ranks alike.
        priority:
          (target.priority ?? 0) * 2 +
          (zone === undefined || target.zone === undefined || target.zone === zone ? 0 : 1),
      }),
    ),
    discovery: {
      kind: discovery.kind,
      refreshMs: 'refresh' in discovery ? discovery.refresh : defaults.discovery.refreshMs,
      ...('name' in discovery ? { name: discovery.name } : {}),
      ...('servers' in discovery
        ? { servers: discovery.servers?.map(({ host, port }) => authorityOf(host, port)) }
        : {}),
    },
    balance: typeof balance === 'string' ? balance : 'hash',
    ...(hash === undefined ? {} : { affinity: affinityOf(hash) }),
    ejection: {
      failures: ejection.failures,
      rate: ejection.rate,
      volume: ejection.volume,
      baseMs: ejection.time,
      mostMs: Math.max(defaults.ejection.mostMs, ejection.time),
      share: ejection.most,
    },
    slowStartMs: slowStart,
    panic,
  }
}

type Hash = Exclude<Config['balance'], string>['hash']

/** What is written as `address`, `{ header }`, `{ cookie }` or `{ claim }`. */
export const affinityOf = (hash: Hash): AffinityKey => {
  if (hash === 'address') return { kind: 'address', name: '' }
  if ('header' in hash) return { kind: 'header', name: hash.header.toLowerCase() }
  return 'cookie' in hash ? { kind: 'cookie', name: hash.cookie } : { kind: 'claim', name: hash.claim }
}
