import cluster from 'node:cluster'
import { startWorkers } from '../../src/runtime/workers/primary.ts'
import { runWorker } from '../../src/runtime/workers/worker.ts'
import { createLog } from '../../src/telemetry/log.ts'

/** Two workers on a workspace, whose primary asks them five times a second whether they are there. */
const [dir = '.'] = process.argv.slice(2)
const log = createLog({ level: 'info' })
if (cluster.isWorker) process.exitCode = await runWorker({ dir, log })
else {
  const { listen, probes } = await startWorkers({ dir, count: 2, log, beatMs: 200 })
  process.stdout.write(`serving http://127.0.0.1:${listen.port} http://127.0.0.1:${probes?.port}\n`)
}
