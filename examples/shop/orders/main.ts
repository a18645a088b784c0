import { runAsProcess } from '../support/process.ts'
import { startOrders } from './service.ts'

await runAsProcess(startOrders, { port: 5002 })
