import { didYouMean } from '../../kernel/diagnostic.ts'
import { asProblem } from '../../kernel/problem.ts'
import type { Reason } from '../../kernel/reason.ts'
import type { Entry } from '../execute/entry.ts'
import { keyTemplates } from '../execute/keys.ts'
import { byKey } from '../execute/match.ts'
import { Fallback } from '../execute/stand-in.ts'
import { type Binding, isBatched } from '../graph.ts'
import type { SelectedField, Step } from '../plan/plan.ts'
import { templatesOf } from '../request.ts'
import {
  dig,
  type Expression,
  evaluate,
  expressionsOf,
  isComposite,
  keyText,
  noCall,
  type Template,
} from '../template.ts'
import type { Gap } from './gaps.ts'
import type { Origin, Recording } from './recording.ts'

/** Why a value is missing. */
export type Why = {
  readonly reason: Reason
  /** The same in a sentence. */
  readonly detail: string
  /** Names that stand where the value's was looked for, the first few. */
  readonly has?: readonly string[]
}

/** Names shown of an object, and how much of each. */
const mostNames = 20
const longestName = 60

export const whyMissing = (gap: Gap, recording: Recording): Why => {
  const { field, owner, value, problem, lacks, path } = gap
  const found = value instanceof Fallback ? value.problem : value
  if (lacks !== undefined)
    return { reason: 'CHILD_MISSING', detail: `${lacks.join('.')} is required, and is not there.` }
  if (problem !== undefined && (isThere(found) || isRefused(field, recording)))
    return { reason: problem.reason, detail: problem.message }
  if (owner === undefined) return { reason: 'PARENT_NULL', detail: `${path.slice(0, -1).join('.') || 'data'} is null.` }
  // An error in place of a value that the answer takes for null: nobody was told of it.
  if (found instanceof Error) return { reason: asProblem(found).reason, detail: asProblem(found).message }
  if (isThere(found))
    return said(`${by(field)} says that nothing was set${recording.masked ? '' : `: ${String(found)}`}.`)
  const position = path.at(-1)
  if (field.value.kind === 'step')
    return ofStep(field.value.step, { owner, recording, position: typeof position === 'number' ? position : undefined })
  if (typeof position === 'number' || found === null) return said(`${by(field)} says null.`)
  return ofPath(field, owner, recording)
}

const isThere = (value: unknown): boolean => value !== null && value !== undefined

const isRefused = ({ rules }: SelectedField, { execution }: Recording): boolean =>
  execution.refused(rules) !== undefined

const said = (detail: string): Why => ({ reason: 'UPSTREAM_NULL', detail })

const by = ({ service }: SelectedField): string => service ?? 'Its source'

type Asker = { readonly owner: object; readonly recording: Recording; readonly position: number | undefined }

/** A field of a call of its own that came to nothing. */
const ofStep = (step: Step, { owner, recording, position }: Asker): Why => {
  const { source, binding } = step
  if (source.kind === 'resolver') return said(`The function ${source.fn} returned nothing.`)
  if (binding === undefined) return said('Its source says null.')
  const asked = recording.steps.get(step)?.asked.get(owner)
  const entry = asked === undefined || 'value' in asked ? asked : asked[position ?? 0]
  const origin = entry && recording.originOf(entry)
  if (entry === undefined || origin === undefined) return unasked(step, owner, recording)
  return position !== undefined && 'value' in (asked as Entry)
    ? said(`${binding.request.service} says null.`)
    : ofAnswer(binding, origin)
}

const ofAnswer = (binding: Binding, { call, key }: Origin): Why => {
  const { service } = binding.request
  if (call?.outcome === 'NOT_FOUND') return { reason: 'NOT_FOUND', detail: `${service} has no such thing.` }
  const output = call?.reply?.output
  if (output === undefined || output === null) return said(`${service} answered nothing.`)
  if (isBatched(binding) && key !== undefined) {
    const values = byKey(binding, output)
    if (values instanceof Map && values.has(keyText(key))) return said(`${service} says null for this key.`)
    const returned = values instanceof Map ? values.size : 0
    return {
      reason: 'MISSING_KEY',
      detail: `${service} was asked for ${counted(call?.keys ?? 1)} and returned ${returned === 0 ? 'none' : `${returned}; this one is not among them`}.`,
    }
  }
  return dig(output, binding.select) === undefined
    ? pathMissing(service, output, binding.select)
    : said(`${service} says null.`)
}

const counted = (keys: number): string => (keys === 1 ? '1 key' : `${keys} keys`)

/** What its owner lacks, so that it was not asked for. */
const unasked = (step: Step, owner: object, { execution }: Recording): Why => {
  const scope = execution.scope(step, { parent: owner })
  const empty = expressionsNeeded(step).filter((expression) => {
    try {
      return evaluate({ ...expression, pipes: [] }, scope) === noCall
    } catch {
      return false
    }
  })
  const names = empty.map(({ root, field, path }) => `{${root}.${field ?? path.join('.')}}`).join(' and ')
  return {
    reason: 'TEMPLATE_EMPTY',
    detail: `${names === '' ? 'A value that the request needs' : names} is empty, so that ${step.binding?.request.service ?? 'nobody'} was not asked.`,
  }
}

/** The placeholders that read the owner. */
const expressionsNeeded = ({ source, binding }: Step): readonly Expression[] => {
  if (binding === undefined) return []
  const templates: readonly Template[] =
    source.kind === 'load'
      ? source.by
      : isBatched(binding)
        ? keyTemplates(binding.batch.keys)
        : templatesOf(binding.request)
  return templates.flatMap(expressionsOf).filter(({ root }) => root === 'this')
}

/** A field that is read from its parent's object. */
const ofPath = ({ value, service }: SelectedField, owner: object, { execution }: Recording): Why => {
  const name = service ?? 'its source'
  if (value.kind === 'oneof' || value.kind === 'case')
    return said(
      `${name} set none of ${(value.kind === 'oneof' ? value.cases.map((one) => one.name) : value.names).join(', ')}.`,
    )
  const path = value.kind === 'read' || value.kind === 'entries' ? value.path : []
  // What a message has is known before anything runs: what is not there was not set.
  const isMessage = execution.request.plan.steps.some(
    ({ binding }) => binding?.request.kind === 'grpc' && binding.request.service === service,
  )
  return isMessage ? said(`${name} did not set ${path.join('.')}.`) : pathMissing(name, owner, path)
}

/** Where a path ends early, and what stands there instead. */
const pathMissing = (service: string, whole: unknown, path: readonly string[]): Why => {
  let at = whole
  for (const [index, name] of path.entries()) {
    const where = path.slice(0, index).join('.')
    if (at === null) return said(`${service} says null at ${where}.`)
    if (!isComposite(at as never)) break
    const names = Object.keys(at as object)
    if (!names.includes(name)) {
      const has = names.slice(0, mostNames).map((one) => one.slice(0, longestName))
      return {
        reason: 'PATH_MISSING',
        detail: `The answer of ${service} has no ${[where, name].filter((part) => part !== '').join('.')}.${didYouMean(name, has)}`,
        has,
      }
    }
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return { reason: 'PATH_MISSING', detail: `The answer of ${service} has no ${path.join('.')}.` }
}
