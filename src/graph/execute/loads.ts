import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { CallContext, Reply } from '../../services/call.ts'
import type { Batched, Binding } from '../graph.ts'
import { type RenderedRequest, renderRequest } from '../request.ts'
import { keyText, noCall, type Scope } from '../template.ts'
import { type Entry, Pending, settledAt } from './entry.ts'
import { byKey, missing, selected } from './match.ts'

/** Sends a rendered request of one binding to its service. */
export type Invoke = (request: RenderedRequest, context: CallContext) => Promise<Reply>

/** A call that was sent: what it asked by which binding, and what came back; undefined as long as nothing has, and where it failed. */
export type Exchanged = { readonly binding: number; readonly asked: string; output: Json | undefined }

export type LoadsOptions = {
  readonly context: CallContext
  readonly invokes: readonly Invoke[]
  /** Upstream calls that may be made, their further tries included. */
  readonly limit: number
  /** Calls that steps still to come may make, which further tries leave room for. */
  readonly reserved: () => number
  /** Told of what is asked for again. */
  readonly reused?: ((service: string, count: number) => void) | undefined
  /** Whether keys of several steps may go into one batch. */
  readonly joins: boolean
  /** What runs when a call is over: what it throws is a fault of our own. */
  readonly guarded: (proceed: () => void) => void
}

/** Keys of one binding that are about to be asked for in one call. */
export type Chunk = {
  readonly binding: Batched
  readonly scope: Scope
  readonly asked: Asked[]
  readonly pending: Pending
}

/**
 * The calls of one operation. Equal safe requests are made once, and equal keys asked once, whenever in the
 * operation they come up: that is also what makes an early start more than a guess thrown away.
 */
export class Loads {
  /** Calls made so far. */
  calls = 0
  /** What was sent, in that order, with what came back. */
  readonly exchanges: Exchanged[] = []
  /** The operation's, for calls: their tries are counted here. */
  readonly context: CallContext
  /** Further tries of calls, hedges included. */
  private tries = 0
  private readonly invokes: readonly Invoke[]
  private readonly limit: number
  private readonly reserved: () => number
  private readonly reused: LoadsOptions['reused']
  private readonly guarded: LoadsOptions['guarded']
  /** None before the first call. */
  private tables: Map<string | number, Map<string, Entry>> | undefined
  private readonly joins: boolean
  /** Chunks that others may still add to, by their table's name; undefined while what is asked is sent at once. */
  private open: Map<string | number, Chunk> | undefined

  constructor(options: LoadsOptions) {
    this.context = { ...options.context, takeTry: this.takeTry }
    this.invokes = options.invokes
    this.limit = options.limit
    this.reserved = options.reserved
    this.reused = options.reused
    this.joins = options.joins
    this.guarded = options.guarded
  }

  /** Runs what may ask for keys at several places, and sends those of one binding together once all have asked. */
  together(proceed: () => void): void {
    if (!this.joins || this.open !== undefined) return proceed()
    const open = (this.open = new Map<string | number, Chunk>())
    proceed()
    // What fails without a call lets others go on, who may ask for more.
    for (const [name, chunk] of open) {
      open.delete(name)
      this.fetch(chunk)
    }
    this.open = undefined
  }

  /** One request, or the one that already asks the same. `noCall` when the parent lacks a value it needs. */
  request(binding: Binding, scope: Scope): Entry | typeof noCall {
    let rendered: RenderedRequest | typeof noCall
    try {
      rendered = renderRequest(binding.request, scope)
    } catch (error) {
      return settledAt(asProblem(error))
    }
    if (rendered === noCall) return noCall
    const table = this.table(binding.index)
    const known = binding.safe ? table.get(rendered.identity) : undefined
    if (known !== undefined) {
      this.reused?.(binding.request.service, 1)
      return known
    }
    const pending = new Pending()
    const entry: Entry = { value: undefined, pending }
    this.send(binding, rendered, pending, (answer) => {
      entry.value = answer instanceof Problem ? answer : selected(binding, answer)
      entry.pending = undefined
    })
    if (binding.safe) table.set(rendered.identity, entry)
    return entry
  }

  /** Entries of a batch binding's keys, asking for those not asked before, in chunks. Keys are told apart by their text. */
  keys(binding: Batched, scope: Scope, keys: Iterable<Json>): Entry[] {
    const { batch } = binding
    const name = scope.args === noArgs ? binding.index : `${binding.index} ${JSON.stringify(scope.args)}`
    const table = this.table(name)
    const entries: Entry[] = []
    let reused = 0
    let chunk = this.open?.get(name)
    for (const key of keys) {
      const text = keyText(key)
      let entry = table.get(text)
      if (entry === undefined) {
        if (chunk === undefined) {
          chunk = { binding, scope, asked: [], pending: new Pending() }
          this.open?.set(name, chunk)
        }
        entry = { value: undefined, pending: chunk.pending }
        table.set(text, entry)
        chunk.asked.push({ key, text, entry })
        if (chunk.asked.length === batch.max) {
          this.open?.delete(name)
          this.fetch(chunk)
          // Where that failed at once, others have gone on and may have opened the next.
          chunk = this.open?.get(name)
        }
      } else reused += 1
      entries.push(entry)
    }
    if (reused > 0) this.reused?.(binding.request.service, reused)
    if (chunk !== undefined && this.open === undefined) this.fetch(chunk)
    return entries
  }

  /** Counts a call about to be made. Throws RESOURCE_EXHAUSTED past what the operation may make. */
  count(service: string): void {
    if (this.calls + this.tries >= this.limit)
      throw new Problem('RESOURCE_EXHAUSTED', `This operation would make more than ${this.limit} upstream calls.`, {
        service,
        reason: 'COST_LIMIT',
      })
    this.calls += 1
  }

  /** First calls go before further tries: one step's bad service must not cost another step its only call. */
  private readonly takeTry = (): boolean => {
    if (this.calls + this.tries + this.reserved() >= this.limit) return false
    this.tries += 1
    return true
  }

  /** Forgets what was asked, for what comes after a change. */
  forget(): void {
    this.tables = undefined
  }

  private table(name: string | number): Map<string, Entry> {
    const tables = (this.tables ??= new Map<string | number, Map<string, Entry>>())
    let table = tables.get(name)
    if (table === undefined) tables.set(name, (table = new Map()))
    return table
  }

  protected fetch({ binding, scope, asked, pending }: Chunk): void {
    let asking: readonly Asked[] = asked
    const settle = (answer: Json | Problem): void => {
      const values = answer instanceof Problem ? answer : byKey(binding, answer)
      for (const { text, entry } of asking) {
        entry.value = values instanceof Problem ? values : (values.get(text) ?? missing(binding))
        entry.pending = undefined
      }
    }
    let rendered = attempt(binding, scope, asked)
    if (rendered instanceof Problem && asked.length > 1) {
      // One key does not fit, such as one that holds the separator: it fails alone.
      asking = asked.filter((one) => {
        const alone = attempt(binding, scope, [one])
        if (!(alone instanceof Problem)) return true
        one.entry.value = alone
        one.entry.pending = undefined
        return false
      })
      if (asking.length === 0) return pending.over()
      rendered = attempt(binding, scope, asking)
    }
    if (rendered !== noCall && !(rendered instanceof Problem)) return this.send(binding, rendered, pending, settle)
    for (const { entry } of asking) {
      entry.value = rendered === noCall ? null : rendered
      entry.pending = undefined
    }
    pending.over()
  }

  /** Asks the service, hands on what it came to, and lets those go on who wait for it. */
  private send(
    binding: Binding,
    request: RenderedRequest,
    pending: Pending,
    settle: (answer: Json | Problem) => void,
  ): void {
    const invoke = this.invokes[binding.index]
    if (invoke === undefined) throw new Error(`${binding.coordinate} is not connected.`)
    const over = (answer: Json | Problem): void => {
      settle(answer)
      pending.over()
    }
    try {
      this.count(binding.request.service)
    } catch (problem) {
      return over(asProblem(problem))
    }
    const exchange: Exchanged = { binding: binding.index, asked: request.identity, output: undefined }
    this.exchanges.push(exchange)
    invoke(request, this.context).then(
      ({ output }) => {
        exchange.output = output
        this.guarded(() => over(output))
      },
      (error: unknown) => {
        const problem = asProblem(error)
        this.guarded(() => over(problem.code === 'NOT_FOUND' && binding.notFound === 'NULL' ? null : problem))
      },
    )
  }
}

/** The arguments of what has none, such as an entity's loader. */
export const noArgs: Readonly<Record<string, unknown>> = Object.freeze({})

type Asked = { readonly key: Json; readonly text: string; readonly entry: Entry }

const attempt = (
  binding: Batched,
  scope: Scope,
  chunk: readonly Asked[],
): RenderedRequest | typeof noCall | Problem => {
  try {
    return renderRequest(binding.request, { ...scope, keys: chunk.map(({ key }) => key) })
  } catch (error) {
    return asProblem(error)
  }
}
