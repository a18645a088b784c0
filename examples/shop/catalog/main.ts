import { runAsProcess } from '../support/process.ts'
import { startCatalog } from './service.ts'

await runAsProcess(startCatalog, { port: 5003 })
