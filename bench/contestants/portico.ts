import { fileURLToPath } from 'node:url'
import { keepFewYoungBuffers } from '../../src/cli/young-buffers.ts'
import { createGateway } from '../../src/runtime/gateway.ts'
import { tellMemory } from './serve.ts'

/** The gateway on one of the bench's workspaces. */
keepFewYoungBuffers()
const workspace = `../workspaces/${process.argv[2] ?? 'proxy'}`
const gateway = await createGateway({ dir: fileURLToPath(new URL(workspace, import.meta.url)) })
tellMemory()
process.on('disconnect', () => void gateway.close().finally(() => process.exit()))
process.send?.({ port: gateway.listen.port })
