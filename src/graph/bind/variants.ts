import { isAbstractType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { directiveOf } from '../directives.ts'
import type { VariantRule } from '../graph.ts'
import { type BindContext, report, splitPath } from './context.ts'

/** How the interfaces and unions that say `@variant` are told apart, by name. */
export const bindVariants = (context: BindContext): ReadonlyMap<string, VariantRule> => {
  const { schema } = context
  const variants = new Map<string, VariantRule>()
  for (const type of Object.values(schema.getTypeMap()).filter(isAbstractType)) {
    const directive = directiveOf('variant', type.astNode, ...type.extensionASTNodes)
    if (directive === undefined) continue
    const { args, nodes, node } = directive
    const at = nodes['cases'] ?? node
    const wrong = (message: string): undefined => report(context, at, type.name, { code: 'PORTICO-114', message })
    const cases = args['cases']
    if (typeof cases !== 'object' || cases === null || Array.isArray(cases)) {
      wrong('Write cases: { Cat: "cat", Dog: "dog" }: what the value is for each object type.')
      continue
    }
    const possible = schema.getPossibleTypes(type).map(({ name }) => name)
    const types = new Map<string, string>()
    let fallback: string | undefined
    for (const [name, said] of Object.entries(cases)) {
      if (!possible.includes(name)) wrong(`${name} is no type of ${type.name}.${didYouMean(name, possible)}`)
      for (const value of [said].flat()) {
        const text = typeof value === 'string' ? value : JSON.stringify(value)
        if (types.has(text) || (text === '*' && fallback !== undefined))
          wrong(`"${text}" stands for both ${types.get(text) ?? fallback} and ${name}; a value tells one type.`)
        if (text === '*') fallback = name
        else types.set(text, name)
      }
    }
    const missing = possible.filter((name) => !Object.hasOwn(cases, name))
    if (missing.length > 0) wrong(`${type.name} may also be ${missing.join(' and ')}: say what the value is then.`)
    variants.set(type.name, { by: splitPath(args['by'] as string), types, fallback })
  }
  return variants
}
