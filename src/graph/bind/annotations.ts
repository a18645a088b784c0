import type { Directive } from '../directives.ts'
import type { EnumSpellings, ListSize } from '../graph.ts'
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

/** A `@listSize` directive as what it says. */
export const listSizeOf = (directive: Directive | undefined): ListSize | undefined =>
  directive && {
    assumedSize: directive.args['assumedSize'] as number | undefined,
    slicingArguments: (directive.args['slicingArguments'] as string[] | undefined) ?? [],
    sizedFields: (directive.args['sizedFields'] as string[] | undefined) ?? [],
  }
