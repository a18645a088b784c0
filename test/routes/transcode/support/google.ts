import { symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { layWorkspace } from '../../../support/gateway.ts'

/** A workspace that serves each file as a service and a route of its own. */
export const googleWorkspace = async (files: readonly string[]) => {
  const workspace = await layWorkspace({
    'portico.yaml': [
      'listen: 127.0.0.1:0',
      'services:',
      ...files.map((file, index) => `  s${index}: { grpc: "127.0.0.1:1", proto: ${file}, identity: none }`),
      'routes:',
      ...files.map((_, index) => `  - { path: /s${index}/*, transcode: s${index} }`),
      '',
    ].join('\n'),
  })
  await symlink(
    dirname(fileURLToPath(import.meta.resolve('google-proto-files/package.json'))),
    join(workspace.dir, 'protos'),
  )
  return workspace
}
