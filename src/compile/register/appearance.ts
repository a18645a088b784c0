import { z } from 'zod'
import { routes, services } from '../../catalog.ts'
import type { Exposure } from '../../graph/expose/config.ts'
import { selectMethods } from '../../graph/expose/methods.ts'
import { startOf } from '../../kernel/diagnostic.ts'
import type { Binding } from '../../routes/transcode/binding.ts'
import type { GrpcService } from '../../services/service.ts'
import type { WorkspaceConfig } from '../config.ts'
import type { Plan } from '../plan.ts'

/** What clients see of a gRPC service, and why. */
export type Appearance = {
  /** One for each BFF that shows it; one without a BFF, as it would be, where none does. */
  readonly graphql: readonly GraphqlAppearance[]
  /** The same for routes. */
  readonly rest: readonly RestAppearance[]
}

export type GraphqlAppearance = {
  readonly bff: { readonly name: string; readonly address: string } | undefined
  readonly fields: readonly {
    readonly kind: string
    readonly field: string
    readonly method: string
    readonly why: string
  }[]
  /** What has no field, a sentence each. */
  readonly left: readonly string[]
}

export type RestAppearance = {
  /** As written: `/api/*`. */
  readonly route: string | undefined
  readonly bindings: readonly {
    readonly verb: string
    readonly path: string
    readonly method: string
    readonly why: string
  }[]
}

/** How a service of a plan appears. */
export const appearanceOf = (service: GrpcService, plan: Plan, config: WorkspaceConfig): Appearance => ({
  graphql: graphqlAppearances(service, config),
  rest: restAppearances(service, plan),
})

const graphqlAppearances = (service: GrpcService, { bffs }: WorkspaceConfig): readonly GraphqlAppearance[] => {
  const shown = Object.entries(bffs).flatMap(([name, { prefix, expose = [] }]) =>
    expose
      .filter((exposure) => exposure.service === service.name)
      .map((exposure) => ({ ...graphqlOf(service, exposure), bff: { name, address: `${prefix}/graphql` } })),
  )
  return shown.length > 0 ? shown : [{ ...graphqlOf(service, { service: service.name, at: [] }), bff: undefined }]
}

const graphqlOf = (service: GrpcService, exposure: Exposure): Omit<GraphqlAppearance, 'bff'> => {
  const { methods, left } = selectMethods(service.root, exposure)
  return {
    left,
    fields: methods.map(({ kind, field, path, method }) => {
      const own = services.methodKind(method)
      return { kind, field, method: path, why: own.kind === kind ? own.reason : 'portico.yaml says so' }
    }),
  }
}

const restAppearances = (service: GrpcService, plan: Plan): readonly RestAppearance[] => {
  const shown = plan.routes.flatMap(({ served }) =>
    served.kind === 'transcode' && served.services.some(({ name }) => name === service.name)
      ? [
          {
            route: served.path,
            bindings: restOf(served.bindings.filter((binding) => binding.service === service.name)),
          },
        ]
      : [],
  )
  if (shown.length > 0) return shown
  const config = z.object(routes.transcode.config).parse({ path: '/*', transcode: service.name })
  const { route } = routes.transcode.compile(config, {
    services: plan.services,
    maxBodyBytes: plan.limits.body,
    json: plan.limits.json,
    placeOf: () => ({ place: startOf(service.name), coordinate: service.name }),
  })
  return [{ route: undefined, bindings: route === undefined ? [] : restOf(route.bindings) }]
}

const restOf = (bindings: readonly Binding[]): RestAppearance['bindings'] =>
  bindings.map(({ verb, pattern, template, method }) => ({
    verb,
    path: pattern,
    method: method.path.slice(1),
    why: `${template.text === method.path ? 'no annotation' : 'google.api.http'}${streaming(method)}`,
  }))

const streaming = ({ requestStream, responseStream }: Binding['method']): string => {
  if (requestStream) return responseStream ? ', streams both ways' : ', takes a stream'
  return responseStream ? ', streams (SSE or NDJSON)' : ''
}
