import cluster, { type Worker } from 'node:cluster'
import type { MetricsSnapshot } from '../../telemetry/metrics.ts'
import type { WorkspaceState } from '../gateway.ts'
import type { Answers, FromWorker, Opened, Question, ToWorker } from './messages.ts'

/** How long a worker may take to answer; the longest is building a generation. */
const patienceMs = 60_000

/** One worker, as its primary has it. */
export class WorkerProcess {
  readonly #worker: Worker
  readonly #asked = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  #asks = 0
  /** The metrics it told last, which are kept when it is gone. */
  metrics: MetricsSnapshot = []
  /** Resolves once it serves; rejects with the reason where it ends before. */
  readonly opened: Promise<Opened>
  /** Resolves with how it ended, once it has. */
  readonly ended: Promise<string>
  serving = false
  /** The one it serves, or is to start with. */
  generation = 0
  /** Questions whether it is there that it left without an answer until now. */
  unanswered = 0
  #beat: NodeJS.Timeout | undefined

  /** `state` is asked for when it is there. */
  constructor(state: () => WorkspaceState) {
    this.#worker = cluster.fork()
    const { promise: opened, resolve: open, reject: refuse } = Promise.withResolvers<Opened>()
    const { promise: ended, resolve: end } = Promise.withResolvers<string>()
    this.opened = opened
    this.ended = ended
    opened.catch(() => {})
    this.#worker.on('message', (message: FromWorker) => {
      if ('here' in message) {
        const start = state()
        this.generation = start.generation
        this.#send({ start })
      } else if ('opened' in message) {
        this.serving = true
        open(message.opened)
      } else if ('refused' in message) refuse(new Error(message.refused))
      else if ('failed' in message) this.#take(message.id)?.reject(new Error(message.failed))
      else this.#take(message.id)?.resolve(message.answer as never)
    })
    this.#worker.on('error', () => {})
    this.#worker.on('exit', (code, signal) => {
      this.serving = false
      clearInterval(this.#beat)
      const how = `worker ${this.pid} ended with ${signal ?? code}`
      refuse(new Error(how))
      for (const id of this.#asked.keys()) this.#take(id)?.reject(new Error(how))
      end(how)
    })
  }

  get pid(): number | undefined {
    return this.#worker.process.pid
  }

  /** Asks it regularly whether it is there, and tells how many times in a row it has not answered. */
  heed(everyMs: number, silent: (unanswered: number) => void): void {
    let answered = true
    this.#beat = setInterval(() => {
      if (!this.serving) return
      this.unanswered = answered ? 0 : this.unanswered + 1
      if (this.unanswered > 0) silent(this.unanswered)
      // One question is out at a time: it is the same whichever it does not answer.
      if (!answered) return
      answered = false
      this.ask('readiness', { withinMs: Number.POSITIVE_INFINITY }).then(
        () => {
          answered = true
          this.unanswered = 0
        },
        () => {},
      )
    }, everyMs)
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  /** Rejects where the worker ends before it answers, or does not answer in time. */
  async ask<Asked extends Question>(
    ask: Asked,
    { withinMs = patienceMs, state }: { readonly withinMs?: number; readonly state?: WorkspaceState } = {},
  ): Promise<Answers[Asked]> {
    const id = (this.#asks += 1)
    const { promise, resolve, reject } = Promise.withResolvers<Answers[Asked]>()
    const late = (): void => this.#take(id)?.reject(new Error(`worker ${this.pid} does not answer`))
    const timer = withinMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, withinMs)
    this.#asked.set(id, { resolve, reject })
    this.#send({ ask, id, state }, (error) => this.#take(id)?.reject(error))
    return promise.finally(() => clearTimeout(timer))
  }

  /** Has it serve what it has prepared. */
  async commit(generation: number): Promise<Opened> {
    const opened = await this.ask('commit')
    this.generation = generation
    return opened
  }

  /** Tells it to drain; kills it if that takes longer than given. */
  async end(withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.kill(), withinMs)
    if (this.#worker.isConnected()) this.#send({ drain: true })
    await this.ended
    clearTimeout(timer)
  }

  #send(message: ToWorker, failed: (error: Error) => void = () => {}): void {
    this.#worker.send(message, (error) => {
      if (error !== null) failed(error)
    })
  }

  #take(id: number) {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    return asked
  }
}
