import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { CallContext, Reply } from '../../services/call.ts'
import type { Batched, Binding } from '../graph.ts'
import { type RenderedRequest, renderRequest } from '../request.ts'
import { keyText, noCall, type Scope } from '../template.ts'
import { byKey, missing, selected } from './match.ts'

/** Sends a rendered request of one binding to its service. */
export type Invoke = (request: RenderedRequest, context: CallContext) => Promise<Reply>

/** What one key or one request came to: a raw value, null for what is not there, or the Problem it failed with. */
export type Entry = { value: unknown; pending: Pending | undefined }

/** A call under way, and who waits for it. */
class Pending {
  private waiting: (() => void)[] = []

  whenOver(proceed: () => void): void {
    this.waiting.push(proceed)
  }

  over(): void {
    for (const proceed of this.waiting) proceed()
  }
}

/** Goes on when all entries have their values: at once where they have. Entries of one call wait for it once. */
export const whenSettled = (entries: readonly Entry[], proceed: () => void): void => {
  let left = 0
  let last: Pending | undefined
  const oneOver = (): void => {
    left -= 1
    if (left === 0) proceed()
  }
  for (const { pending } of entries) {
    if (pending === undefined || pending === last) continue
    last = pending
    left += 1
    pending.whenOver(oneOver)
  }
  if (left === 0) proceed()
}

export type LoadsOptions = {
  readonly context: CallContext
  readonly invokes: readonly Invoke[]
  /** Upstream calls that may be made. */
  readonly limit: number
  /** What runs when a call is over: what it throws is a fault of our own. */
  readonly guarded: (proceed: () => void) => void
}

/**
 * The calls of one operation. Equal safe requests are made once, and equal keys asked once, whenever in the
 * operation they come up: that is also what makes an early start more than a guess thrown away.
 */
export class Loads {
  /** Calls made so far. */
  calls = 0
  private readonly context: CallContext
  private readonly invokes: readonly Invoke[]
  private readonly limit: number
  private readonly guarded: LoadsOptions['guarded']
  /** None before the first call. */
  private tables: Map<string | number, Map<string, Entry>> | undefined

  constructor(options: LoadsOptions) {
    this.context = options.context
    this.invokes = options.invokes
    this.limit = options.limit
    this.guarded = options.guarded
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
    if (known !== undefined) return known
    const entry: Entry = { value: undefined, pending: undefined }
    this.send(binding, rendered, {
      started: (pending) => {
        entry.pending = pending
      },
      settled: (answer) => {
        entry.value = answer instanceof Problem ? answer : selected(binding, answer)
        entry.pending = undefined
      },
    })
    if (binding.safe) table.set(rendered.identity, entry)
    return entry
  }

  /** Entries of a batch binding's keys, asking for those not asked before, in chunks. Keys are told apart by their text. */
  keys(binding: Batched, scope: Scope, keys: Iterable<Json>): Entry[] {
    const { batch } = binding
    const table = this.table(scope.args === noArgs ? binding.index : `${binding.index} ${JSON.stringify(scope.args)}`)
    const entries: Entry[] = []
    let chunk: { key: Json; text: string; entry: Entry }[] = []
    for (const key of keys) {
      const text = keyText(key)
      let entry = table.get(text)
      if (entry === undefined) {
        entry = { value: undefined, pending: undefined }
        table.set(text, entry)
        chunk.push({ key, text, entry })
        if (chunk.length === batch.max) {
          this.fetch(binding, scope, chunk)
          chunk = []
        }
      }
      entries.push(entry)
    }
    if (chunk.length > 0) this.fetch(binding, scope, chunk)
    return entries
  }

  /** Counts a call about to be made. Throws RESOURCE_EXHAUSTED past what the operation may make. */
  count(service: string): void {
    if (this.calls >= this.limit)
      throw new Problem('RESOURCE_EXHAUSTED', `This operation would make more than ${this.limit} upstream calls.`, {
        service,
        reason: 'COST_LIMIT',
      })
    this.calls += 1
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

  protected fetch(binding: Batched, scope: Scope, asked: readonly Asked[]): void {
    let chunk = asked
    let rendered = attempt(binding, scope, chunk)
    if (rendered instanceof Problem && asked.length > 1) {
      // One key does not fit, such as one that holds the separator: it fails alone.
      chunk = asked.filter((one) => {
        const alone = attempt(binding, scope, [one])
        if (alone instanceof Problem) one.entry.value = alone
        return !(alone instanceof Problem)
      })
      if (chunk.length === 0) return
      rendered = attempt(binding, scope, chunk)
    }
    if (rendered === noCall || rendered instanceof Problem) {
      for (const { entry } of chunk) entry.value = rendered === noCall ? null : rendered
      return
    }
    const asking = chunk
    this.send(binding, rendered, {
      started: (pending) => {
        for (const { entry } of asking) entry.pending = pending
      },
      settled: (answer) => {
        const values = answer instanceof Problem ? answer : byKey(binding, answer)
        for (const { text, entry } of asking) {
          entry.value = values instanceof Problem ? values : (values.get(text) ?? missing(binding))
          entry.pending = undefined
        }
      },
    })
  }

  /** Asks the service, and hands on what it came to. */
  private send(binding: Binding, request: RenderedRequest, { started, settled }: Settle): void {
    const invoke = this.invokes[binding.index]
    if (invoke === undefined) throw new Error(`${binding.coordinate} is not connected.`)
    try {
      this.count(binding.request.service)
    } catch (problem) {
      return settled(asProblem(problem))
    }
    const pending = new Pending()
    started(pending)
    const over = (answer: Json | Problem): void =>
      this.guarded(() => {
        settled(answer)
        pending.over()
      })
    invoke(request, this.context).then(
      ({ output }) => over(output),
      (error: unknown) => {
        const problem = asProblem(error)
        over(problem.code === 'NOT_FOUND' && binding.notFound === 'NULL' ? null : problem)
      },
    )
  }
}

type Settle = {
  readonly started: (pending: Pending) => void
  readonly settled: (answer: Json | Problem) => void
}

/** The arguments of what has none, such as an entity's loader. */
export const noArgs: Readonly<Record<string, unknown>> = Object.freeze({})

export type Asked = { readonly key: Json; readonly text: string; readonly entry: Entry }

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

export const settledAt = (value: unknown): Entry => ({ value, pending: undefined })
