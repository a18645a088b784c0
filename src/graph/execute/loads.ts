import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { CallContext, Reply } from '../../services/call.ts'
import type { Batched, Binding } from '../graph.ts'
import { type RenderedRequest, renderRequest } from '../request.ts'
import { dig, noCall, type Scope, textOf } from '../template.ts'

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
    entry.pending = this.send(binding, rendered).then((answer) => {
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

  private table(name: string): Map<string, Entry> {
    let table = this.tables.get(name)
    if (table === undefined) this.tables.set(name, (table = new Map()))
    return table
  }

  private fetch(binding: Batched, scope: Scope, asked: readonly Asked[]): void {
    const chunk = this.fitting(binding, scope, asked)
    if (chunk.length === 0) return
    let rendered: RenderedRequest | typeof noCall
    try {
      rendered = renderRequest(binding.request, { ...scope, keys: chunk.map(({ key }) => key) })
    } catch (error) {
      for (const { entry } of chunk) entry.value = asProblem(error)
      return
    }
    if (rendered === noCall) {
      for (const { entry } of chunk) entry.value = null
      return
    }
    const pending = this.send(binding, rendered).then((answer) => {
      const values = answer instanceof Problem ? answer : byKey(binding, answer)
      for (const { text, entry } of chunk) {
        entry.value = values instanceof Problem ? values : (values.get(text) ?? missing(binding))
        entry.pending = undefined
      }
    })
    for (const { entry } of chunk) entry.pending = pending
  }

  /** The keys that can be sent; a key that does not fit fails alone. */
  private fitting(binding: Binding, scope: Scope, asked: readonly Asked[]): readonly Asked[] {
    return asked.filter(({ key, entry }) => {
      if (typeof key !== 'string' || !suspicious.test(key)) return true
      try {
        renderRequest(binding.request, { ...scope, keys: [key] })
        return true
      } catch (error) {
        entry.value = asProblem(error)
        return false
      }
    })
  }

  private async send(binding: Binding, request: RenderedRequest): Promise<Json | Problem> {
    this.calls += 1
    if (this.calls > this.limit)
      return new Problem('RESOURCE_EXHAUSTED', `This operation would make more than ${this.limit} upstream calls.`, {
        service: binding.request.service,
      })
    try {
      const invoke = this.invokes[binding.index]
      if (invoke === undefined) throw new Error(`${binding.coordinate} is not connected.`)
      return (await invoke(request, this.context)).output
    } catch (error) {
      const problem = asProblem(error)
      return problem.code === 'NOT_FOUND' && binding.notFound === 'NULL' ? null : problem
    }
  }
}

type Asked = { readonly key: Json; readonly text: string; readonly entry: Entry }

/** Only keys with unusual letters can fail to fit: a separator, or text that is not well-formed. */
const suspicious = /[^A-Za-z0-9_-]/

const settled = (value: unknown): Entry => ({ value, pending: undefined })

const selected = (binding: Binding, answer: Json): unknown => {
  if (binding.select.length === 0 || answer === null) return answer
  return dig(answer, binding.select) ?? null
}

/** What a key that the service did not return comes to. */
const missing = ({ batch, request }: Batched): unknown => {
  if (batch.missing === 'EMPTY') return []
  return batch.missing === 'NULL'
    ? null
    : new Problem('NOT_FOUND', 'There is nothing by that key.', { service: request.service })
}

const byKey = (binding: Batched, answer: Json): Map<string, unknown> | Problem => {
  const { batch, request } = binding
  const values = new Map<string, unknown>()
  if (answer === null) return values
  const items = selected(binding, answer)
  if (!Array.isArray(items))
    return new Problem('UNAVAILABLE', `${request.service} answered without the list that was expected.`, {
      status: 502,
      service: request.service,
    })
  for (const item of items as Json[]) {
    const key = dig(item, batch.match) as Json | undefined | null
    if (key === undefined || key === null) continue
    const text = textOf(key)
    const value = batch.items === undefined ? item : dig(item, batch.items)
    const known = values.get(text)
    if (batch.grouped && batch.items === undefined) {
      if (known === undefined) values.set(text, [value])
      else (known as unknown[]).push(value)
    } else {
      const twice = known !== undefined && !batch.grouped
      values.set(
        text,
        twice
          ? new Problem('UNAVAILABLE', `${request.service} answered twice for one key.`, {
              status: 502,
              service: request.service,
            })
          : value,
      )
    }
  }
  return values
}
