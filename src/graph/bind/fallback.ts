import { getNullableType, isListType } from 'graphql'
import type { Json } from '../../kernel/json.ts'
import { parseDuration } from '../../kernel/units.ts'
import { directiveOf } from '../directives.ts'
import { type FallbackRule, isInline, type Source } from '../graph.ts'
import { rootKind } from '../roots.ts'
import { type BindContext, type Owner, report } from './context.ts'

/** What a field's `@fallback` says; undefined where it says nothing or something wrong, which is reported. */
export const bindFallback = (context: BindContext, owner: Owner, source: Source): FallbackRule | undefined => {
  const { field, coordinate, type } = owner
  const directive = directiveOf('fallback', field?.astNode)
  if (field === undefined || directive === undefined) return undefined
  const { args, nodes, node } = directive
  const wrong = (message: string, at = node as Parameters<typeof report>[1]): undefined =>
    report(context, at, coordinate, { code: 'PORTICO-115', message })
  if (isInline(source))
    return wrong(
      `@fallback stands in for a call that fails, but ${coordinate} makes none: put it on the field above that does.`,
    )
  const root = rootKind(context.schema, type)
  if (root !== undefined && root !== 'query')
    return wrong(`A ${root} that fails has failed: @fallback stands on fields of queries.`)
  if (source.kind === 'load' && isListType(getNullableType(field.type)))
    return wrong(
      `${coordinate} loads a list, whose items fail one by one: put @fallback on fields that load one entity.`,
    )
  const staleMs = typeof args['stale'] === 'string' ? parseDuration(args['stale']) : undefined
  if (args['stale'] !== undefined && staleMs === undefined)
    return wrong('Expected a duration such as 30s or 5m.', nodes['stale'])
  if (source.kind === 'resolver' && staleMs !== undefined)
    return wrong('What a function answers is not kept: give @fallback a `value`.', nodes['stale'])
  if (staleMs === undefined && nodes['value'] === undefined)
    return wrong('@fallback needs a `value`, or how `stale` the last good one may be.')
  const binding = source.kind === 'call' ? source.binding : source.kind === 'load' ? source.entity.binding : undefined
  return {
    value: nodes['value'] === undefined ? undefined : { raw: args['value'] as Json },
    staleMs,
    personal: binding !== undefined && context.services.get(binding.request.service)?.identity !== 'none',
  }
}
