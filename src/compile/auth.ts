import { providers } from '../catalog.ts'
import { coordinateOf, type Places } from '../config/places.ts'
import type { Path } from '../config/shape.ts'
import { type Diagnostic, didYouMean } from '../kernel/diagnostic.ts'
import type { WorkspaceConfig } from './config.ts'

type AuthRule = WorkspaceConfig['routes'][number]['auth']

/** BFFs and routes that say nothing of who may enter say what the whole gateway does. */
export const withDefaultAuth = (config: WorkspaceConfig): WorkspaceConfig => {
  const { defaultAuth } = config
  if (defaultAuth === undefined) return config
  const having = <Place extends { readonly auth?: AuthRule }>(place: Place): Place => ({
    ...place,
    auth: place.auth ?? defaultAuth,
  })
  const bffs = Object.fromEntries(Object.entries(config.bffs).map(([name, bff]) => [name, having(bff)]))
  return { ...config, bffs, routes: config.routes.map(having) }
}

/** Where the `auth` of a BFF or route is written. */
export const placeOfAuth = (
  auth: AuthRule,
  { config, places, path }: { readonly config: WorkspaceConfig; readonly places: Places; readonly path: Path },
): Pick<Diagnostic, 'place' | 'coordinate'> => {
  const at = auth !== undefined && auth === config.defaultAuth ? ['defaultAuth'] : [...path, 'auth']
  return { place: places.at(at, 'value'), coordinate: coordinateOf(at) }
}

type AuthGround = {
  readonly config: WorkspaceConfig
  readonly said: Parameters<typeof providers.rule>[1]
  readonly place: Diagnostic['place']
  readonly coordinate: string
}

/** The rule of a BFF or route, knowing where it looks for what it matches. */
export const compileAuth = (
  written: AuthRule,
  ground: AuthGround,
): { readonly auth: AuthRule; readonly diagnostics: readonly Diagnostic[] } => {
  if (written === undefined) return { auth: undefined, diagnostics: [] }
  const { rule: auth, mistakes } = providers.rule(written, ground.said)
  const { place, coordinate } = ground
  const wrong = mistakes.map(
    (message): Diagnostic => ({
      severity: 'error',
      code: 'PORTICO-034',
      place,
      coordinate: `${coordinate}.require`,
      message,
    }),
  )
  return { auth, diagnostics: [...unknownProviders(auth, ground), ...wrong] }
}

/** Providers that a rule names and the workspace has not. */
export const unknownProviders = (
  rule: AuthRule,
  { config, place, coordinate }: Omit<AuthGround, 'said'>,
): readonly Diagnostic[] =>
  (rule?.providers ?? [])
    .filter((name) => !Object.hasOwn(config.auth, name))
    .map((name) => ({
      severity: 'error',
      code: 'PORTICO-010',
      place,
      coordinate,
      message: `There is no provider ${name} under \`auth:\`.${didYouMean(name, Object.keys(config.auth))}`,
    }))
