import { runAsProcess } from '../support/process.ts'
import { startPayments } from './service.ts'

await runAsProcess(startPayments, { port: 5005 })
