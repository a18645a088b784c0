import type { Places } from '../config/places.ts'
import type { Path } from '../config/shape.ts'
import { type Diagnostic, didYouMean } from '../kernel/diagnostic.ts'
import type { WorkspaceConfig } from './config.ts'

/** Limits by plan where there are no plans, and a plan of everybody else that is none. */
export const missingPlans = (config: WorkspaceConfig, places: Places): readonly Diagnostic[] => {
  const { plans, rateLimit, bffs, routes } = config
  const mistake = (path: Path, coordinate: string, message: string): Diagnostic => ({
    severity: 'error',
    code: 'PORTICO-028',
    place: places.at(path, 'value'),
    coordinate,
    message,
  })
  if (plans !== undefined) {
    const { otherwise, of } = plans
    if (Object.hasOwn(of, otherwise)) return []
    const message = `There is no plan ${otherwise} under \`plans.of\`.${didYouMean(otherwise, Object.keys(of))}`
    return [mistake(['plans', 'otherwise'], 'plans.otherwise', message)]
  }
  const settings: readonly (readonly [Path, string, WorkspaceConfig['rateLimit']])[] = [
    [['rateLimit'], 'rateLimit', rateLimit],
    ...Object.entries(bffs).map(
      ([name, bff]) => [['bffs', name, 'rateLimit'], `bffs.${name}.rateLimit`, bff.rateLimit] as const,
    ),
    ...routes.map(
      (route, index) => [['routes', index, 'rateLimit'], `routes[${index}].rateLimit`, route.rateLimit] as const,
    ),
  ]
  return settings.flatMap(([path, coordinate, limits]) =>
    limits?.includes('plan') === true
      ? [mistake(path, coordinate, 'The limits of a plan are asked for, and the workspace has no `plans`.')]
      : [],
  )
}
