import type { FastifyRequest } from 'fastify'
import { findOwnCalls } from '../../services/own-calls.ts'
import type { Apart, ProxyRoute } from './route.ts'
import { servicePath } from './translate.ts'

/** For every entry of `calls` what it says where the route says nothing; undefined where there is none. */
export const apartOf = (
  { service, timeoutMs, retry, breaker }: ProxyRoute,
  said: { readonly timeout: boolean; readonly retry: boolean },
): readonly Apart[] | undefined =>
  service.ownCalls?.map((calls) => ({
    calls,
    service: { ...service, timeoutMs: calls.timeoutMs, resilience: calls.resilience },
    timeoutMs: said.timeout ? timeoutMs : calls.timeoutMs,
    retry: said.retry ? retry : calls.resilience.retry,
    breaker: breaker ?? calls.breaker,
  }))

/** Makes something for a route and for each of its calls apart; finds it by what the service is asked for. */
export const byCalls = <Made>(
  route: ProxyRoute,
  make: (route: ProxyRoute) => Made,
): ((request: FastifyRequest) => Made) => {
  const usual = make(route)
  const { apart } = route
  if (apart === undefined) return () => usual
  const find = findOwnCalls(apart.map(({ calls }) => calls))
  const made = new Map(apart.map(({ calls, ...own }) => [calls, make({ ...route, ...own })]))
  return ({ raw: { method, url = '/' } }) => {
    const calls = find(`${method} ${servicePath(url.split('?', 1)[0] as string, route)}`)
    return (calls && made.get(calls)) ?? usual
  }
}
