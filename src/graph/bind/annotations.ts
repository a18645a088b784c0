import type { Json } from '../../kernel/json.ts'
import type { Directive } from '../directives.ts'
import type { AccessRule, EnumSpellings, ListSize } from '../graph.ts'
import { spellingsOf } from './templates.ts'

/** What an enum's values are called upstream: `@from(enum: […])`, `"*"` for any other. */
export const enumSpellings = (
  values: readonly { readonly name: string; readonly astNode?: unknown }[],
): EnumSpellings => {
  const names = new Map<string, string>()
  let fallback: string | undefined
  for (const value of values)
    for (const spelling of spellingsOf(value)) {
      if (spelling === '*') fallback = value.name
      else names.set(spelling, value.name)
    }
  return { names, fallback }
}

/** An `@auth` directive as a rule. */
export const accessRule = (directive: Directive | undefined): AccessRule | undefined =>
  directive && {
    public: directive.args['public'] === true,
    scopes: (directive.args['scopes'] as string[][] | undefined) ?? [],
    providers: (directive.args['providers'] as string[][] | undefined) ?? [],
    claims: (directive.args['claims'] as Record<string, Json> | undefined) ?? {},
  }

/** A `@listSize` directive as what it says. */
export const listSizeOf = (directive: Directive | undefined): ListSize | undefined =>
  directive && {
    assumedSize: directive.args['assumedSize'] as number | undefined,
    slicingArguments: (directive.args['slicingArguments'] as string[] | undefined) ?? [],
    sizedFields: (directive.args['sizedFields'] as string[] | undefined) ?? [],
  }
