import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createGateway, type Gateway } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'

export type Files = Readonly<Record<string, string>>

export type TestWorkspace = { readonly dir: string; readonly remove: () => Promise<void> }

/** A workspace of its own in a temporary folder; files by their path in it. */
export const layWorkspace = async (files: Files): Promise<TestWorkspace> => {
  const dir = await mkdtemp(join(tmpdir(), 'portico-'))
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true })
    await writeFile(join(dir, file), text)
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

export type TestGateway = {
  readonly gateway: Gateway
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  readonly close: () => Promise<void>
}

/** A gateway on a workspace folder, its log silent. Rejects with WorkspaceError. */
export const startGateway = async (
  dir: string,
  options: { readonly env?: Readonly<Record<string, string>>; readonly development?: boolean } = {},
): Promise<TestGateway> => {
  const gateway = await createGateway({ dir, env: {}, log: createLog({ level: 'silent' }), ...options })
  const { host, port } = gateway.listen
  return { gateway, url: `http://${host}:${port}`, close: () => gateway.close() }
}
