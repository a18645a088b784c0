import { type Command, InvalidArgumentError } from 'commander'
import type { passwordLine } from '../compile/keys.ts'

/** What a key or user may: the same words for both. */
export const mayHold = (command: Command): Command =>
  command
    .option('--plan <name>', 'the plan its limits come from')
    .option('--scope <scope...>', 'what it may do', [])
    .option('--role <role...>', 'roles that `require` and @auth ask for', [])
    .option('--group <group...>', 'groups, likewise', [])
    .option('--claim <name=value>', 'a claim, such as tenant=acme; may be repeated', readClaim, {})

export type RightsOptions = {
  readonly plan?: string
  readonly scope: string[]
  readonly role: string[]
  readonly group: string[]
  readonly claim: Claims
}

type Claims = NonNullable<NonNullable<Parameters<typeof passwordLine>[2]>['claims']>

export const rightsOf = ({ plan, scope: scopes, role: roles, group: groups, claim: claims }: RightsOptions) => ({
  plan,
  scopes,
  roles,
  groups,
  claims,
})

/** `2`, `true`, `["a","b"]` and `"2"` are JSON; all else is the text that it is. */
const readClaim = (text: string, before: Claims): Claims => {
  const mark = text.indexOf('=')
  if (mark <= 0) throw new InvalidArgumentError('Expected a claim such as tenant=acme.')
  const written = text.slice(mark + 1)
  let value: unknown
  try {
    value = JSON.parse(written)
  } catch {
    value = written
  }
  return { ...before, [text.slice(0, mark)]: value as Claims[string] }
}
