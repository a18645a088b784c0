import type { Method } from 'protobufjs'
import { type HttpRule, httpRules, idempotencyOf } from './annotations.ts'
import type { Change, Version } from './change.ts'
import { placeOfDefinition } from './places.ts'
import { pathOf } from './reached.ts'

/** A method without annotations is served where clients of the Connect protocol look for it; an annotation takes that away. */
const effectiveRules = (method: Method): readonly HttpRule[] => {
  const annotated = httpRules(method)
  if (annotated.length > 0) return annotated
  const rule = { template: `/${pathOf(method)}`, responseBody: '' }
  const safe =
    idempotencyOf(method) === 'NO_SIDE_EFFECTS' && method.requestStream !== true && method.responseStream !== true
  return [{ ...rule, verb: 'POST', body: '*' }, ...(safe ? [{ ...rule, verb: 'GET', body: '' }] : [])]
}

const addressOf = ({ verb, template }: HttpRule): string => `${verb} ${template}`

const ruleVersion = (rule: HttpRule, method: Method): Version => ({
  text: ruleText(rule),
  place: placeOfDefinition(method, { text: `"${rule.template}"`, at: 1 }),
})

const ruleText = (rule: HttpRule): string =>
  [
    addressOf(rule),
    ...(rule.body === '' ? [] : [`body: "${rule.body}"`]),
    ...(rule.responseBody === '' ? [] : [`response_body: "${rule.responseBody}"`]),
  ].join(', ')

/** A binding that went and one that came at the same position are one that changed. */
export const compareBindings = (was: Method, now: Method): readonly Change[] => {
  const [before, after] = [effectiveRules(was), effectiveRules(now)]
  const coordinate = pathOf(was)
  const old = new Map(before.map((rule) => [addressOf(rule), rule]))
  const fresh = new Map(after.map((rule) => [addressOf(rule), rule]))
  const taken = new Set<HttpRule>()
  const changes = before.flatMap((rule, index): readonly Change[] => {
    const side = ruleVersion(rule, was)
    const same = fresh.get(addressOf(rule))
    if (same !== undefined)
      return ruleText(same) === ruleText(rule)
        ? []
        : [
            {
              breaking: true,
              coordinate,
              message: 'Its HTTP binding has another body.',
              was: side,
              now: ruleVersion(same, now),
            },
          ]
    const other = after[index]
    if (other === undefined || old.has(addressOf(other)))
      return [{ breaking: true, coordinate, message: 'This HTTP binding is gone.', was: side }]
    taken.add(other)
    return [
      {
        breaking: true,
        coordinate,
        message: 'It is reached by another verb or path.',
        was: side,
        now: ruleVersion(other, now),
      },
    ]
  })
  const arrived = after.filter((rule) => !old.has(addressOf(rule)) && !taken.has(rule))
  return [
    ...changes,
    ...arrived.map((rule) => ({
      breaking: false,
      coordinate,
      message: 'This HTTP binding is new.',
      now: ruleVersion(rule, now),
    })),
  ]
}
