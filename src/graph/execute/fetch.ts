import { type Json, parseLossless } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import {
  type Batched,
  type Binding,
  type Entity,
  isBatched,
  type KeyField,
  type LoadSource,
  type ResolverSource,
} from '../graph.ts'
import type { CompletionSource, Selection, Step } from '../plan/plan.ts'
import { keyText, noCall, type Template } from '../template.ts'
import { completed, lacks } from './complete.ts'
import { type Entry, settledAt, whenSettled } from './entry.ts'
import type { Execution } from './execution.ts'
import { fallBack } from './fallback.ts'
import { isKey, keyIn, keyTemplates } from './keys.ts'
import { noArgs } from './loads.ts'
import { runResolver } from './resolver.ts'
import { type Brought, writeAnswer } from './write.ts'

/** A step about to run for all objects that own its field; results go to `results`, by owner. */
export type Fetch = {
  readonly execution: Execution
  readonly step: Step
  readonly owners: Iterable<object>
  readonly results: Map<object, unknown>
  /** Called once, when every owner has its result. */
  readonly done: () => void
}

/** Brings a step's values: what fails is a Problem among the results. */
export const fetchStep = (fetch: Fetch): void => {
  const { execution, step, owners, results, done } = fetch
  const { fallback } = step
  const mistake = argumentMistake(execution, step)
  if (mistake !== undefined) {
    for (const owner of owners) results.set(owner, mistake)
    return done()
  }
  if (fallback === undefined) return bring(fetch)
  return bring({
    ...fetch,
    done() {
      fallBack(execution, { step, rule: fallback, results })
      done()
    },
  })
}

const bring = (fetch: Fetch): void => {
  const { source } = fetch.step
  switch (source.kind) {
    case 'resolver':
      return resolve(fetch, source)
    case 'load':
      return load(fetch, source)
    case 'complete':
      return complete(fetch, source)
    case 'call':
      return isBatched(source.binding) ? batch(fetch, source.binding) : callEach(fetch, source.binding)
  }
}

/** One call for each owner. */
const callEach = (fetch: Fetch, binding: Binding): void => {
  const { execution, step, owners, results } = fetch
  const scope = execution.scope(step, {})
  const asking: object[] = []
  const entries: Entry[] = []
  for (const owner of owners) {
    if (binding.fanout !== undefined && entries.length >= binding.fanout) {
      results.set(owner, tooMany(step, binding.fanout))
      continue
    }
    scope.parent = owner
    const entry = execution.loads.request(binding, scope)
    if (entry === noCall) {
      results.set(owner, null)
      continue
    }
    asking.push(owner)
    entries.push(entry)
  }
  giveWhenSettled(fetch, asking, entries)
}

const giveWhenSettled = (
  { execution, step, results, done }: Fetch,
  asking: readonly object[],
  entries: readonly Entry[],
): void => {
  execution.request.recorder?.asked(step, asking, entries)
  whenSettled(entries, () => {
    for (let index = 0; index < asking.length; index += 1) results.set(asking[index] as object, entries[index]?.value)
    done()
  })
}

/** One call for the keys of all owners. */
const batch = (fetch: Fetch, binding: Batched): void => {
  const { execution, step } = fetch
  const asking = keysOfOwners(fetch, keyTemplates(binding.batch.keys), binding.batch.keys)
  const entries = execution.loads.keys(binding, execution.scope(step, {}), asking.keys)
  giveWhenSettled(fetch, asking.owners, entries)
}

type Asking = { readonly owners: readonly object[]; readonly keys: readonly Json[] }

/** Owners with the key that each names. Those that name none, or none that fits, have their result at once. */
const keysOfOwners = (
  { execution, step, owners, results }: Fetch,
  templates: readonly Template[],
  fields: readonly KeyField[],
): Asking => {
  const scope = execution.scope(step, {})
  const asking: object[] = []
  const keys: Json[] = []
  for (const owner of owners) {
    scope.parent = owner
    const key = keyIn(templates, fields, scope)
    if (isKey(key)) {
      asking.push(owner)
      keys.push(key)
    } else results.set(owner, key instanceof Problem ? key : null)
  }
  return { owners: asking, keys }
}

/** The entities that the owners' keys name; a list of keys gives a list of entities. */
const load = (fetch: Fetch, { entity, by }: LoadSource): void => {
  const { execution, step, results, done } = fetch
  const asking = keysOfOwners(fetch, by, entity.keys)
  const lists = asking.keys.some(Array.isArray)
  const keys = lists ? asking.keys.flat().filter(isKey) : asking.keys
  const entries = loadEntities(execution, { step, entity, keys })
  startEarly(execution, { step, entity, keys })
  if (!lists) return giveWhenSettled(fetch, asking.owners, entries)
  let at = 0
  const next = (): Entry => entries[at++] as Entry
  const asked = asking.keys.map((key) =>
    Array.isArray(key) ? key.map((item: Json) => (isKey(item) ? next() : settledAt(null))) : next(),
  )
  execution.request.recorder?.asked(step, asking.owners, asked)
  whenSettled(entries, () => {
    for (const [index, owner] of asking.owners.entries()) {
      const found = asked[index] as Entry | readonly Entry[]
      results.set(owner, 'value' in found ? found.value : found.map(({ value }) => value ?? null))
    }
    done()
  })
}

/** Entities as they came, or with what they lack of what their loader says: one batch for all that lack something. */
const complete = (fetch: Fetch, { entity, needed }: CompletionSource): void => {
  const { execution, step, owners, results, done } = fetch
  const visible = needed.filter(({ rules }) => execution.refused(rules) === undefined)
  const lacking: object[] = []
  for (const owner of owners) {
    results.set(owner, owner)
    if (visible.some(({ path }) => lacks(owner, path))) lacking.push(owner)
  }
  if (lacking.length === 0) return done()
  const asking = keysOfOwners({ ...fetch, owners: lacking, results: new Map() }, keyTemplates(entity.keys), entity.keys)
  const entries = loadEntities(execution, { step, entity, keys: asking.keys })
  execution.request.recorder?.asked(step, asking.owners, entries)
  whenSettled(entries, () => {
    for (const [index, owner] of asking.owners.entries())
      results.set(owner, completed(owner, entries[index]?.value, visible))
    done()
  })
}

type EntityLoad = { readonly step: Step; readonly entity: Entity; readonly keys: readonly Json[] }

const loadEntities = (execution: Execution, { step, entity: { binding }, keys }: EntityLoad): readonly Entry[] => {
  if (isBatched(binding)) return execution.loads.keys(binding, execution.scope(step, { args: noArgs }), keys)
  const asked = new Map<string, Entry>()
  return keys.map((key) => {
    const text = keyText(key)
    let entry = asked.get(text)
    if (entry === undefined) {
      const over = binding.fanout !== undefined && asked.size >= binding.fanout
      const made = over ? noCall : execution.loads.request(binding, execution.scope(step, { args: noArgs, keys: key }))
      entry = made === noCall ? settledAt(over ? tooMany(step, asked.size) : null) : made
      asked.set(text, entry)
    }
    return entry
  })
}

/**
 * Asks for children that need only the key while their parent is still under way. The answers wait among the
 * operation's loads; a parent that bears another id simply asks for something else when its turn comes.
 */
const startEarly = (execution: Execution, { step, entity, keys }: EntityLoad): void => {
  for (const child of step.children) {
    if (!child.early || execution.refused(child.rules) !== undefined) continue
    if (argumentMistake(execution, child) !== undefined) continue
    const { source } = child
    const scopes = keys.map((value) =>
      execution.scope(child, { known: { field: (entity.keys[0] as KeyField).name, value } }),
    )
    if (source.kind === 'load') {
      const childKeys = scopes.map((scope) => keyIn(source.by, source.entity.keys, scope)).filter(isKey)
      const childLoad = { step: child, entity: source.entity, keys: childKeys }
      loadEntities(execution, childLoad)
      startEarly(execution, childLoad)
    } else if (source.kind === 'call' && isBatched(source.binding)) {
      execution.loads.keys(source.binding, execution.scope(child, {}), keys)
    } else if (source.kind === 'call') {
      for (const scope of scopes.slice(0, source.binding.fanout)) execution.loads.request(source.binding, scope)
    }
  }
}

/** Values a TypeScript function makes of what it needs of its parents. */
const resolve = (
  { execution, step, owners, results, done: proceed }: Fetch,
  source: ResolverSource & { readonly selection: Selection },
): void => {
  const { request, tools } = execution
  const all = [...owners]
  if (all.length === 0) return proceed()
  const made = runResolver(tools.resolvers.get(source.fn), {
    coordinate: step.coordinate,
    parents: all.map((owner) => needsOf(source.selection, owner)),
    args: execution.argsOf(step),
    context: execution.loads.context,
    source,
    clock: tools.clock,
    clients: tools.clients,
    count(service) {
      execution.loads.count(service)
      request.recorder?.functionCalls(step, service)
    },
    isEntity: (type) => tools.entities.has(type),
    loadEntity: (type, keys) => {
      const entity = tools.entities.get(type)
      if (entity === undefined) throw new Error(`${type} is no entity.`)
      const entries = loadEntities(execution, { step, entity, keys })
      execution.request.recorder?.asked(step, [], entries)
      return new Promise((given) => whenSettled(entries, () => given(entries.map(({ value }) => value))))
    },
  })
  const give = (values: readonly unknown[]): void => {
    for (let index = 0; index < all.length; index += 1) results.set(all[index] as object, values[index])
    proceed()
  }
  if (made instanceof Promise) made.then((values) => execution.guarded(() => give(values)), execution.broken)
  else give(made)
}

/** What functions need are plain fields: no step brings anything of them. */
const nothingBrought: Brought = { results: [], refused: () => undefined, introspection: undefined }

/** What a function needs of a parent, as the schema says it. */
const needsOf = (selection: Selection, owner: object): Readonly<Record<string, unknown>> => {
  const text = selection.fields.length === 0 ? undefined : writeAnswer(selection, owner, nothingBrought).text
  return text === undefined ? {} : (parseLossless(text) as Readonly<Record<string, unknown>>)
}

const tooMany = ({ coordinate }: Step, most: number): Problem =>
  new Problem('RESOURCE_EXHAUSTED', `${coordinate} is asked for more than ${most} parents at once.`)

/** What is wrong with a step's arguments, which no validation could see. */
const argumentMistake = (execution: Execution, step: Step): Problem | undefined => {
  try {
    execution.argsOf(step)
    return undefined
  } catch (error) {
    return asProblem(error)
  }
}
