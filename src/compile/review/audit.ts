import { coordinateOf } from '../../config/places.ts'
import { codeEntry } from '../../kernel/codes/codes.ts'
import type { Weight } from '../../kernel/codes/entry.ts'
import { type Diagnostic, inOrder } from '../../kernel/diagnostic.ts'
import type { Compiled } from '../compile.ts'
import { credentialRules } from './credentials.ts'
import { entryRules } from './entry.ts'
import { exposureRules } from './exposure.ts'
import type { Found, Ground, Rule } from './finding.ts'
import { limitRules } from './limits.ts'
import { serviceRules } from './services.ts'
import { shieldRules } from './shields.ts'

/** A diagnostic that has a weight: what an attacker gains of it. */
export type Finding = Diagnostic & { readonly severity: Weight }

export type Audit = {
  /** In the order of their places. */
  readonly findings: readonly Finding[]
  /** What the workspace says is meant, with its reason. */
  readonly accepted: readonly { readonly finding: Finding; readonly reason: string }[]
}

const rules: readonly Rule[] = [
  ...entryRules,
  ...credentialRules,
  ...limitRules,
  ...exposureRules,
  ...shieldRules,
  ...serviceRules,
]

/** What `check` warns of and an attacker likes: found once, weighed here. */
const weighed: Readonly<Record<string, Weight>> = {
  'PORTICO-701': 'high',
  'PORTICO-704': 'high',
  'PORTICO-705': 'medium',
  'PORTICO-706': 'medium',
  'PORTICO-708': 'medium',
}

/** The security review of a workspace that has no errors; undefined where it has some. Asks nobody and opens nothing. */
export const auditWorkspace = ({ plan, settings, diagnostics }: Compiled, now: number): Audit | undefined => {
  if (plan === undefined || settings === undefined) return undefined
  const ground: Ground = { ...settings, plan, now }
  const all = [
    ...rules.flatMap((rule) => rule(ground)).map((found) => findingOf(found, ground)),
    ...diagnostics.flatMap((one): Finding[] => {
      const severity = weighed[one.code]
      return severity === undefined ? [] : [{ ...one, severity }]
    }),
  ]
  const { accepted: accept } = settings.config
  const reasonOf = ({ code, coordinate }: Finding): string | undefined =>
    accept.find((one) => one.code === code && one.at === coordinate)?.reason
  const needless = accept.flatMap(({ code, at }, index): Finding[] =>
    all.some((finding) => finding.code === code && finding.coordinate === at)
      ? []
      : [
          findingOf(
            {
              code: 'PORTICO-779',
              path: ['accepted', index],
              message: `There is no ${code} at ${at} (any more): remove this.`,
            },
            ground,
          ),
        ],
  )
  return {
    findings: inOrder([...all.filter((one) => reasonOf(one) === undefined), ...needless]) as readonly Finding[],
    accepted: all.flatMap((finding) => {
      const reason = reasonOf(finding)
      return reason === undefined ? [] : [{ finding, reason }]
    }),
  }
}

const findingOf = (found: Found, { places }: Ground): Finding => {
  const { code, message } = found
  const where =
    'path' in found ? { place: places.at(found.path, 'value'), coordinate: coordinateOf(found.path) } : found
  return {
    severity: codeEntry(code)?.severity as Weight,
    code,
    message,
    place: where.place,
    coordinate: where.coordinate,
  }
}
