import { resolve } from 'node:path'
import { shields } from '../catalog.ts'
import type { Places } from '../config/places.ts'
import type { Path } from '../config/shape.ts'
import { type Diagnostic, didYouMean } from '../kernel/diagnostic.ts'
import { readText } from '../kernel/snapshot.ts'
import type { IpRulesConfig } from '../policies/ip-rules/config.ts'
import type { IpRule } from '../policies/ip-rules/policy.ts'
import type { WorkspaceConfig } from './config.ts'

type IpRulesOf = (own: IpRulesConfig | undefined) => readonly IpRule[] | undefined

export type CompiledIpRules = {
  /** The rules of a place: the gateway's, and its own. */
  readonly rulesOf: IpRulesOf
  readonly diagnostics: readonly Diagnostic[]
}

/** Reads the lists of addresses, and finds who names one that is not there. */
export const compileIpRules = (
  config: WorkspaceConfig,
  { dir, places }: { readonly dir: string; readonly places: Places },
): CompiledIpRules => {
  const { lists, diagnostics } = readLists(config, { dir, places })
  const expanded = (written: readonly string[]): readonly string[] =>
    written.flatMap((one) => (isName(one) ? (lists.get(one) ?? []) : [one]))
  const ruleOf = (rule: IpRulesConfig | undefined): readonly IpRule[] =>
    rule === undefined ? [] : [{ allow: rule.allow && expanded(rule.allow), deny: expanded(rule.deny) }]
  const gateway = ruleOf(config.ipRules)
  return {
    rulesOf(own) {
      const rules = [...gateway, ...ruleOf(own)]
      return rules.length === 0 ? undefined : rules
    },
    diagnostics: [...diagnostics, ...unknownLists(config, places)],
  }
}

/** What is read as a range has a slash behind its address. */
const isName = (written: string): boolean => !written.includes('/')

const readLists = (
  { ipLists }: WorkspaceConfig,
  { dir, places }: { readonly dir: string; readonly places: Places },
): { readonly lists: ReadonlyMap<string, readonly string[]>; readonly diagnostics: readonly Diagnostic[] } => {
  const lists = new Map<string, readonly string[]>()
  const diagnostics: Diagnostic[] = []
  for (const [name, file] of Object.entries(ipLists)) {
    const refuse = (code: Diagnostic['code'], message: string): void => {
      const place = places.at(['ipLists', name], 'value')
      diagnostics.push({ severity: 'error', code, place, coordinate: `ipLists.${name}`, message })
    }
    const text = textOf(resolve(dir, file))
    const list = text === undefined ? undefined : shields.readIpList(text)
    if (list === undefined) refuse('PORTICO-009', `There is no readable file ${file} in the workspace.`)
    else if ('mistake' in list) refuse('PORTICO-005', `${file} ${list.mistake}.`)
    else lists.set(name, list.ranges)
  }
  return { lists, diagnostics }
}

const textOf = (path: string): string | undefined => {
  try {
    return readText(path)
  } catch {
    return undefined
  }
}

const unknownLists = ({ ipRules, ipLists, bffs, routes }: WorkspaceConfig, places: Places): readonly Diagnostic[] => {
  const said: readonly (readonly [Path, string, IpRulesConfig | undefined])[] = [
    [['ipRules'], 'ipRules', ipRules],
    ...Object.entries(bffs).map(
      ([name, bff]) => [['bffs', name, 'ipRules'], `bffs.${name}.ipRules`, bff.ipRules] as const,
    ),
    ...routes.map((route, index) => [['routes', index, 'ipRules'], `routes[${index}].ipRules`, route.ipRules] as const),
  ]
  return said.flatMap(([path, coordinate, rule]) =>
    (['allow', 'deny'] as const).flatMap((side) =>
      (rule?.[side] ?? []).flatMap((written, index): readonly Diagnostic[] => {
        if (!isName(written) || Object.hasOwn(ipLists, written)) return []
        const message = `${written} is no address range, and no list under \`ipLists\`.${didYouMean(written, Object.keys(ipLists))}`
        const place = places.at([...path, side, index], 'value')
        return [
          { severity: 'error', code: 'PORTICO-005', place, coordinate: `${coordinate}.${side}[${index}]`, message },
        ]
      }),
    ),
  )
}
