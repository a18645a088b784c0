import { runAsProcess } from '../support/process.ts'
import { startReviews } from './service.ts'

const intervalMs = Number(process.env.REVIEW_INTERVAL_MS ?? 0)

await runAsProcess((options) => startReviews({ ...options, intervalMs }), { port: 5004 })
