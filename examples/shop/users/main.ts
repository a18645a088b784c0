import { runAsProcess } from '../support/process.ts'
import { startUsers } from './service.ts'

await runAsProcess(startUsers, { port: 5001 })
