import type { IncomingMessage } from 'node:http'
import type { Json } from '../../kernel/json.ts'
import { anyMethod, createMatcher } from '../matcher.ts'
import { Asked, testOf } from './asked.ts'
import { conditionText, type RouteMatch } from './match.ts'
import { hostsFor, type RouterTools } from './router.ts'

/** Why a route is not for a request with a body, null for none, by the first thing that does not fit; undefined where all does. */
export const misfit = (
  match: RouteMatch,
  { raw, body }: { readonly raw: IncomingMessage; readonly body: Json },
  tools: RouterTools,
): string | undefined => {
  const host = tools.hostOf(raw)
  if (match.hosts.length > 0 && ![...hostsFor(host)].some((one) => match.hosts.includes(one)))
    return `it is for ${match.hosts.join(', ')}; the request is for ${host === '' ? 'no host' : host}`
  const paths = createMatcher<true>()
  paths.add(match.path, anyMethod, true)
  if (!paths.search((raw.url ?? '/').split('?', 1)[0] as string, () => true)) return 'its path is another'
  const asked = new Asked(raw, tools.addressOf, body)
  const unmet = match.conditions.find((condition) => !testOf(condition)(asked))
  if (unmet !== undefined) return `it asks for ${conditionText(unmet)}`
  const method = raw.method ?? ''
  return match.methods === undefined || match.methods.has(method)
    ? undefined
    : `it takes ${[...match.methods].join(', ')}, not ${method}`
}
