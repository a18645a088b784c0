import type { BffPlan } from '../bff/bff.ts'
import { providers } from '../catalog.ts'
import { placeOfNode } from '../graph/bind/sdl.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import { unknownProviders } from './auth.ts'
import type { WorkspaceConfig } from './config.ts'
import type { PlannedBff, PolicyUse } from './plan.ts'

type AuthRule = WorkspaceConfig['routes'][number]['auth']

export type OperationGround = {
  readonly config: WorkspaceConfig
  /** Of the BFF. */
  readonly auth: AuthRule
  readonly policiesWith: (auth: AuthRule) => readonly PolicyUse[]
}

/** The policies before stored operations that say by `@auth` who may run them. */
export const operationPolicies = (
  { endpoints }: BffPlan,
  { config, auth, policiesWith }: OperationGround,
): { readonly own: PlannedBff['own']; readonly diagnostics: readonly Diagnostic[] } => {
  const own = new Map<string, readonly PolicyUse[]>()
  const diagnostics: Diagnostic[] = []
  for (const { access, name: coordinate, file, operation } of endpoints) {
    if (access === undefined) continue
    const rule = providers.narrow(auth, access)
    const at = { config, place: placeOfNode(operation.node), coordinate }
    if (typeof rule === 'string')
      diagnostics.push({ severity: 'error', code: 'PORTICO-034', place: at.place, coordinate, message: rule })
    else {
      diagnostics.push(...unknownProviders(rule, at))
      own.set(file, policiesWith(rule && { ...rule, operation: coordinate }))
    }
  }
  return { own, diagnostics }
}

/** What requests of one endpoint meet. */
export const policiesOfEndpoint = (
  { own, policies }: Pick<PlannedBff, 'own' | 'policies'>,
  { file }: Pick<BffPlan['endpoints'][number], 'file'>,
): readonly PolicyUse[] => own.get(file) ?? policies
