import type { Code } from '../../kernel/code.ts'
import type { Json } from '../../kernel/json.ts'
import { asProblem } from '../../kernel/problem.ts'
import type { Reply } from '../../services/call.ts'
import type { Entry } from '../execute/entry.ts'
import { type Chunk, type Invoke, Loads, type LoadsOptions } from '../execute/loads.ts'
import type { Recorded, Recorder } from '../execute/recorder.ts'
import type { Binding } from '../graph.ts'
import { statusSaid } from '../judged.ts'
import type { Step } from '../plan/plan.ts'
import type { noCall, Scope } from '../template.ts'
import { requestLine } from './request-line.ts'

/** One upstream call of an operation. Times are in the clock's monotonic milliseconds. */
export type RecordedCall = {
  readonly startedAt: number
  /** Undefined while it is under way. */
  endedAt: number | undefined
  outcome: Code | 'OK' | undefined
  /** Undefined where it did not succeed. */
  reply: Reply | undefined
  /** What the service itself said: an HTTP status, or a gRPC code; undefined where it said nothing. */
  status: number | Code | undefined
  service: string
  /** The request as it may be shown. */
  line: string
  /** The keys of a batch. */
  keys: number | undefined
  /** Times that it was sent beside the first, hedges included. */
  tries: number
  /** Whether another try was not made for the bound of the operation. */
  withheld: boolean
  /** The step that asked first. */
  step: Step | undefined
}

/** What one key or one request was asked by. */
export type Origin = { readonly call: RecordedCall | undefined; readonly key: Json | undefined }

/** One step under way. */
export type RecordedStep = {
  readonly startedAt: number
  endedAt: number | undefined
  /** What each owner asked for; a list where it named several keys. */
  readonly asked: Map<object, Entry | readonly Entry[]>
  readonly entries: Set<Entry>
  /** How often its function called which service. */
  readonly functionCalls: Map<string, number>
}

/** All that one operation did, kept until it is explained. */
export class Recording implements Recorder {
  readonly calls: RecordedCall[] = []
  readonly steps = new Map<Step, RecordedStep>()
  private readonly now: () => number
  private readonly origins = new Map<Entry, Origin>()
  private running: Recorded | undefined

  /** Whether the caller gets masked answers: then no value is recorded to be shown. */
  readonly masked: boolean

  constructor(now: () => number, masked: boolean) {
    this.now = now
    this.masked = masked
  }

  readonly loads = (options: LoadsOptions): Loads => new RecordedLoads(options, this)

  readonly began = (execution: Recorded): void => {
    this.running = execution
  }

  readonly step = (step: Step, proceed: () => void): (() => void) => {
    const recorded: RecordedStep = {
      startedAt: this.now(),
      endedAt: undefined,
      asked: new Map(),
      entries: new Set(),
      functionCalls: new Map(),
    }
    this.steps.set(step, recorded)
    return () => {
      recorded.endedAt = this.now()
      proceed()
    }
  }

  readonly functionCalls = (step: Step, service: string): void => {
    const counts = this.steps.get(step)?.functionCalls
    counts?.set(service, (counts.get(service) ?? 0) + 1)
  }

  readonly asked = (step: Step, owners: readonly object[], entries: readonly (Entry | readonly Entry[])[]): void => {
    const recorded = this.steps.get(step)
    if (recorded === undefined) return
    for (const [index, owner] of owners.entries()) recorded.asked.set(owner, entries[index] ?? [])
    for (const entry of entries.flat()) {
      recorded.entries.add(entry)
      const call = this.origins.get(entry)?.call
      if (call !== undefined) call.step ??= step
    }
  }

  /** The operation that was recorded. */
  get execution(): Recorded {
    if (this.running === undefined) throw new Error('Nothing has been recorded.')
    return this.running
  }

  /** The first step that asked by an entry, if any has so far. */
  firstWith(entry: Entry | undefined): Step | undefined {
    for (const [step, { entries }] of this.steps) if (entry !== undefined && entries.has(entry)) return step
    return undefined
  }

  originOf(entry: Entry): Origin | undefined {
    return this.origins.get(entry)
  }

  from(entry: Entry, origin: Origin): void {
    this.origins.set(entry, origin)
  }

  /** The same way to ask, told when it begins and ends. */
  watched(invoke: Invoke, begun: (call: RecordedCall) => void): Invoke {
    return (request, context) => {
      const call: RecordedCall = {
        startedAt: this.now(),
        endedAt: undefined,
        outcome: undefined,
        reply: undefined,
        status: undefined,
        service: '',
        line: '',
        keys: undefined,
        tries: 0,
        withheld: false,
        step: undefined,
      }
      this.calls.push(call)
      begun(call)
      const ended = ({ outcome, reply, status }: Pick<RecordedCall, 'outcome' | 'reply' | 'status'>): void => {
        call.endedAt = this.now()
        call.outcome = outcome
        call.reply = reply
        call.status = status
      }
      const takeTry = (): boolean => {
        const taken = context.takeTry?.() ?? true
        if (taken) call.tries += 1
        else call.withheld = true
        return taken
      }
      return invoke(request, { ...context, takeTry }).then(
        (reply) => {
          ended({ outcome: 'OK', reply, status: reply.status })
          return reply
        },
        (error: unknown) => {
          const problem = asProblem(error)
          ended({ outcome: problem.code, reply: undefined, status: statusSaid(problem) })
          throw error
        },
      )
    }
  }
}

/** The table of an operation's requests that says of each entry which call it came from. */
class RecordedLoads extends Loads {
  private readonly recording: Recording
  /** The call that was begun last, until it is taken. */
  private readonly begun: RecordedCall[]

  constructor(options: LoadsOptions, recording: Recording) {
    const begun: RecordedCall[] = []
    const watch = (invoke: Invoke): Invoke => recording.watched(invoke, (call) => void begun.push(call))
    super({ ...options, invokes: options.invokes.map(watch) })
    this.recording = recording
    this.begun = begun
  }

  override request(binding: Binding, scope: Scope): Entry | typeof noCall {
    const entry = super.request(binding, scope)
    const call = this.begun.pop()
    if (call !== undefined) {
      call.service = binding.request.service
      call.line = requestLine(binding.request, { ...scope, masked: this.recording.masked })
      this.recording.from(entry as Entry, { call, key: undefined })
    }
    return entry
  }

  protected override fetch(chunk: Chunk): void {
    super.fetch(chunk)
    const { binding, scope, asked } = chunk
    const call = this.begun.pop()
    for (const { entry, key } of asked) this.recording.from(entry, { call, key })
    if (call === undefined) return
    // Keys of several steps wait for each other: who asked first is known by then.
    call.step = this.recording.firstWith(asked[0]?.entry)
    call.service = binding.request.service
    call.line = requestLine(binding.request, {
      ...scope,
      masked: this.recording.masked,
      keys: asked.map(({ key }) => key),
    })
    call.keys = asked.length
  }
}
