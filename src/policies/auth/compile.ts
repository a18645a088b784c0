import { didYouMean } from '../../kernel/diagnostic.ts'
import type { AuthRule } from './config.ts'
import type { SaidPlaces } from './said.ts'

/** A rule that knows where its BFF or route says what `match` compares, or what it compares that nobody says there. */
export const compileRule = (
  rule: AuthRule,
  places: SaidPlaces,
): { readonly rule: AuthRule; readonly mistakes: readonly string[] } => {
  const match = rule.require?.match ?? []
  if (match.length === 0) return { rule, mistakes: unasked(rule) }
  const mistakes = match.flatMap(({ said: [on, name = ''] }): readonly string[] => {
    if (on === 'path' && !places.segments.has(name))
      return [`The path has no parameter {${name}} to match.${didYouMean(name, [...places.segments.keys()])}`]
    if (on === 'subdomain' && places.suffixes.length === 0)
      return ['`subdomain` is what `*` of `hosts` stands for: give the route hosts such as *.shop.example.']
    return []
  })
  return { rule: { ...rule, places }, mistakes: [...mistakes, ...unasked(rule)] }
}

const unasked = ({ providers, require }: AuthRule): readonly string[] =>
  [...new Set(require?.providers.flat())]
    .filter((name) => !providers.includes(name))
    .map(
      (name) =>
        `\`auth\` does not ask the provider ${name} here, so that nobody is known by it.${didYouMean(name, providers)}`,
    )
