import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { CallContext, Reply } from '../../services/call.ts'
import type { Batched, Binding } from '../graph.ts'
import { type RenderedRequest, renderRequest } from '../request.ts'
import { noCall, type Scope, textOf } from '../template.ts'
import { byKey, missing, selected } from './match.ts'

/** Sends a rendered request of one binding to its service. */
export type Invoke = (request: RenderedRequest, context: CallContext) => Promise<Reply>

/** What one key or one request came to: a raw value, null for what is not there, or the Problem it failed with. */
export type Entry = { value: unknown; pending: Promise<void> | undefined }

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
  private readonly tables = new Map<string, Map<string, Entry>>()

  constructor(options: { context: CallContext; invokes: readonly Invoke[]; limit: number }) {
    this.context = options.context
    this.invokes = options.invokes
    this.limit = options.limit
  }

  /** One request, or the one that already asks the same. `noCall` when the parent lacks a value it needs. */
  request(binding: Binding, scope: Scope): Entry | typeof noCall {
    let rendered: RenderedRequest | typeof noCall
    try {
      rendered = renderRequest(binding.request, scope)
    } catch (error) {
      return settled(asProblem(error))
    }
    if (rendered === noCall) return noCall
    const table = this.table(String(binding.index))
    const known = binding.safe ? table.get(rendered.identity) : undefined
    if (known !== undefined) return known
    const entry: Entry = { value: undefined, pending: undefined }
    entry.pending = this.send(binding, rendered, (answer) => {
      entry.value = answer instanceof Problem ? answer : selected(binding, answer)
      entry.pending = undefined
    })
    if (binding.safe) table.set(rendered.identity, entry)
    return entry
  }

  /** Entries of a batch binding's keys, asking for those not asked before, in chunks. Keys are told apart by their text. */
  keys(binding: Batched, scope: Scope, keys: Iterable<Json>): Entry[] {
    const { batch } = binding
    const table = this.table(`${binding.index} ${JSON.stringify(scope.args)}`)
    const entries: Entry[] = []
    let chunk: { key: Json; text: string; entry: Entry }[] = []
    for (const key of keys) {
      const text = textOf(key)
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

  /** Forgets what was asked, for what comes after a change. */
  forget(): void {
    this.tables.clear()
  }

  private table(name: string): Map<string, Entry> {
    let table = this.tables.get(name)
    if (table === undefined) this.tables.set(name, (table = new Map()))
    return table
  }

  private fetch(binding: Batched, scope: Scope, asked: readonly Asked[]): void {
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
    const pending = this.send(binding, rendered, (answer) => {
      const values = answer instanceof Problem ? answer : byKey(binding, answer)
      for (const { text, entry } of chunk) {
        entry.value = values instanceof Problem ? values : (values.get(text) ?? missing(binding))
        entry.pending = undefined
      }
    })
    for (const { entry } of chunk) entry.pending = pending
  }

  /** Asks the service, and hands on what it came to: never rejects. */
  private send(binding: Binding, request: RenderedRequest, settle: (answer: Json | Problem) => void): Promise<void> {
    const invoke = this.invokes[binding.index]
    if (invoke === undefined) throw new Error(`${binding.coordinate} is not connected.`)
    if (this.calls >= this.limit) {
      const { service } = binding.request
      settle(
        new Problem('RESOURCE_EXHAUSTED', `This operation would make more than ${this.limit} upstream calls.`, {
          service,
        }),
      )
      return Promise.resolve()
    }
    this.calls += 1
    return invoke(request, this.context).then(
      ({ output }) => settle(output),
      (error: unknown) => {
        const problem = asProblem(error)
        settle(problem.code === 'NOT_FOUND' && binding.notFound === 'NULL' ? null : problem)
      },
    )
  }
}

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

const settled = (value: unknown): Entry => ({ value, pending: undefined })
