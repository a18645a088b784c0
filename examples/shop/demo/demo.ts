import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeKeys, signToken } from '../keys.ts'
import { type SpawnedShop, spawnShop } from '../start.ts'
import { type GatewayProcess, type GatewayStart, spawnGateway } from './gateway-process.ts'

/** The shop and its gateway, each in a process of its own. */
export type Demo = {
  readonly shop: SpawnedShop
  readonly gateway: GatewayProcess
  /** The variables the gateway runs with. */
  readonly env: Readonly<Record<string, string>>
  /** Of the customer u-1, good for twelve hours. */
  readonly token: string
  /** A folder for the time of the demo. */
  readonly folder: string
  /** Resolves with which process ended without having been asked, and its last words. */
  readonly died: Promise<string>
  readonly close: () => Promise<void>
}

export type DemoStart = Omit<GatewayStart, 'env'> & {
  readonly reviewIntervalMs: number
  /** Told of each thing that is being done. */
  readonly progress: (doing: string) => void
}

/** Makes keys that live as long as the demo, and starts all processes. Where one does not start, nothing is left behind. */
export const startDemo = async ({ reviewIntervalMs, progress, ...start }: DemoStart): Promise<Demo> => {
  const folder = await mkdtemp(join(tmpdir(), 'portico-demo-'))
  const opened: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
  const close = async (): Promise<void> => {
    for (const undo of opened.splice(0).toReversed()) await undo()
  }
  try {
    await makeKeys(folder)
    progress('starting five services')
    const shop = await spawnShop({ reviewIntervalMs })
    opened.push(() => shop.close())
    const env = { ...shop.env, SHOP_JWKS: join(folder, 'jwks.json') }
    progress('starting the gateway')
    const gateway = await spawnGateway({ ...start, env })
    opened.push(() => gateway.close())
    const services = [shop.users, shop.orders, shop.catalog, shop.reviews, shop.payments]
    const died = Promise.race([gateway, ...services].map((child) => child.died))
    return { shop, gateway, env, token: await signToken(folder), folder, died, close }
  } catch (error) {
    await close()
    throw error
  }
}
