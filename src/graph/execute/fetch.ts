import type { Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { type Batched, type Binding, type Entity, isBatched, type ResolverSource } from '../graph.ts'
import type { Selection, Step } from '../plan/plan.ts'
import { type Expression, noCall, renderValue, type Scope, type Template, textOf } from '../template.ts'
import { type Execution, settle } from './execution.ts'
import type { Entry } from './loads.ts'
import { project } from './project.ts'
import { runResolver } from './resolver.ts'

/** A step about to run for all objects that own its field; results go to `results`, by owner. */
export type Fetch = {
  readonly execution: Execution
  readonly step: Step
  readonly owners: Iterable<object>
  readonly results: Map<object, unknown>
}

/** Brings a step's values. Never rejects: what fails is a Problem among the results. */
export const fetchStep = (fetch: Fetch): Promise<void> => {
  const { execution, step, owners, results } = fetch
  const { source } = step
  const mistake = argumentMistake(execution, step)
  if (mistake !== undefined) {
    for (const owner of owners) results.set(owner, mistake)
    return Promise.resolve()
  }
  switch (source.kind) {
    case 'resolver':
      return resolve(fetch, source)
    case 'load':
      return load(fetch, source)
    case 'call':
      return isBatched(source.binding) ? batch(fetch, source.binding) : callEach(fetch, source.binding)
  }
}

/** One call for each owner. */
const callEach = async ({ execution, step, owners, results }: Fetch, binding: Binding): Promise<void> => {
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
  await settle(entries)
  asking.forEach((owner, index) => results.set(owner, entries[index]?.value))
}

/** One call for the keys of all owners. */
const batch = async (fetch: Fetch, binding: Batched): Promise<void> => {
  const { execution, step, results } = fetch
  const asking = keysOfOwners(fetch, [parentKey(binding)])
  const entries = execution.loads.keys(binding, execution.scope(step, {}), asking.keys)
  await settle(entries)
  asking.owners.forEach((owner, index) => results.set(owner, entries[index]?.value))
}

type Asking = { readonly owners: readonly object[]; readonly keys: readonly Json[] }

/** Owners with the key that each names. Those that name none, or none that fits, have their result at once. */
const keysOfOwners = ({ execution, step, owners, results }: Fetch, template: Template): Asking => {
  const scope = execution.scope(step, {})
  const asking: object[] = []
  const keys: Json[] = []
  for (const owner of owners) {
    scope.parent = owner
    const key = keyIn(template, scope)
    if (isKey(key)) {
      asking.push(owner)
      keys.push(key)
    } else results.set(owner, key instanceof Problem ? key : null)
  }
  return { owners: asking, keys }
}

const keyIn = (template: Template, scope: Scope): ReturnType<typeof renderValue> | Problem => {
  try {
    return renderValue(template, scope)
  } catch (error) {
    return asProblem(error)
  }
}

/** The placeholder that reads a parent's key. */
const parentKey = ({ batch: { keyField, keyPath, keyIsId } }: Batched): Expression => ({
  text: `this.${keyField}`,
  root: 'this',
  path: keyPath,
  field: keyField,
  asId: keyIsId,
  pipes: [],
})

/** The entities that the owners' keys name; a list of keys gives a list of entities. */
const load = async (
  fetch: Fetch,
  { entity, key: template }: { readonly entity: Entity; readonly key: Template },
): Promise<void> => {
  const { execution, step, results } = fetch
  const asking = keysOfOwners(fetch, template)
  const keys = asking.keys.some(Array.isArray) ? asking.keys.flat().filter(isKey) : asking.keys
  const entries = loadEntities(execution, { step, entity, keys })
  startEarly(execution, { step, entity, keys })
  await settle(entries)
  let at = 0
  const next = (): unknown => entries[at++]?.value
  asking.owners.forEach((owner, index) => {
    const key = asking.keys[index]
    results.set(owner, Array.isArray(key) ? key.map((item) => (isKey(item) ? (next() ?? null) : null)) : next())
  })
}

type EntityLoad = { readonly step: Step; readonly entity: Entity; readonly keys: readonly Json[] }

const loadEntities = (execution: Execution, { step, entity: { binding }, keys }: EntityLoad): readonly Entry[] => {
  if (isBatched(binding)) return execution.loads.keys(binding, execution.scope(step, { args: {} }), keys)
  const asked = new Map<string, Entry>()
  return keys.map((key) => {
    const text = textOf(key)
    let entry = asked.get(text)
    if (entry === undefined) {
      const over = binding.fanout !== undefined && asked.size >= binding.fanout
      const made = over ? noCall : execution.loads.request(binding, execution.scope(step, { args: {}, keys: key }))
      entry = made === noCall ? settledAt(over ? tooMany(step, asked.size) : null) : made
      asked.set(text, entry)
    }
    return entry
  })
}

const settledAt = (value: unknown): Entry => ({ value, pending: undefined })

/**
 * Asks for children that need only the key while their parent is still under way. The answers wait among the
 * operation's loads; a parent that bears another id simply asks for something else when its turn comes.
 */
const startEarly = (execution: Execution, { step, entity, keys }: EntityLoad): void => {
  for (const child of step.children) {
    if (!child.early || execution.refused(child.rules) !== undefined) continue
    if (argumentMistake(execution, child) !== undefined) continue
    const { source } = child
    const scopes = keys.map((value) => execution.scope(child, { known: { field: entity.key, value } }))
    if (source.kind === 'load') {
      const childKeys = scopes.map((scope) => keyIn(source.key, scope)).filter(isKey)
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
const resolve = async (
  { execution, step, owners, results }: Fetch,
  source: ResolverSource & { readonly selection: Selection },
): Promise<void> => {
  const { request, tools } = execution
  const all = [...owners]
  if (all.length === 0) return
  const needs = { results: [], refused: () => undefined, introspection: undefined }
  const values = await runResolver(tools.resolvers.get(source.fn), {
    coordinate: step.coordinate,
    parents: all.map((owner) => project(source.selection, owner, needs).data ?? {}),
    args: execution.argsOf(step),
    context: request.context,
    loadEntity: async (type, keys) => {
      const entity = tools.entities.get(type)
      if (entity === undefined) throw new Error(`${type} is no entity.`)
      const entries = loadEntities(execution, { step, entity, keys })
      await settle(entries)
      return entries.map(({ value }) => value)
    },
  })
  for (const [index, owner] of all.entries()) results.set(owner, values[index])
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

const isKey = (value: Json | Problem | undefined | typeof noCall): value is Json =>
  value !== undefined && value !== null && value !== noCall && !(value instanceof Problem)
