import { fileURLToPath } from 'node:url'
import { keepFewYoungBuffers } from '../../src/cli/young-buffers.ts'
import { createGateway } from '../../src/runtime/gateway.ts'

/** The gateway on one of the bench's workspaces. Any message is answered with the memory it holds, after a collection where `--expose-gc` allows one. */
keepFewYoungBuffers()
const workspace = `../workspaces/${process.argv[2] ?? 'proxy'}`
const gateway = await createGateway({ dir: fileURLToPath(new URL(workspace, import.meta.url)) })
process.on('message', () => {
  globalThis.gc?.()
  process.send?.(process.memoryUsage())
})
process.on('disconnect', () => void gateway.close().finally(() => process.exit()))
process.send?.({ port: gateway.listen.port })
