import { providers } from '../catalog.ts'
import { type Diagnostic, didYouMean } from '../kernel/diagnostic.ts'
import type { WorkspaceConfig } from './config.ts'

type AuthRule = WorkspaceConfig['routes'][number]['auth']

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

const unknownProviders = (rule: AuthRule, { config, place, coordinate }: AuthGround): readonly Diagnostic[] =>
  (rule?.providers ?? [])
    .filter((name) => !Object.hasOwn(config.auth, name))
    .map((name) => ({
      severity: 'error',
      code: 'PORTICO-010',
      place,
      coordinate,
      message: `There is no provider ${name} under \`auth:\`.${didYouMean(name, Object.keys(config.auth))}`,
    }))
