import type { z } from 'zod'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { affinityOf } from '../targets/compile.ts'
import type { choosingConfig, shareConfig } from './config.ts'
import type { Split } from './split.ts'

/** What routes and services write alike. */
type Written = z.output<z.ZodObject<typeof choosingConfig>> & {
  readonly split: readonly (z.output<z.ZodObject<typeof shareConfig>> & { readonly name: string })[]
}

/** What is written, each part with what serves it; or what is wrong, at which setting. */
export const compileSplit = <Part>(
  { split, sticky, active, override }: Written,
  serves: readonly Part[],
): {
  readonly split: Split<Part>
  readonly mistakes: readonly { readonly below: keyof Written; readonly message: string }[]
} => {
  const names = split.map(({ name }) => name)
  const parts = split.map(({ name, weight, ramp }, at) => ({
    name,
    serves: serves[at] as Part,
    weight,
    ramp: ramp && {
      from: ramp.from,
      to: ramp.to,
      startsAt: ramp.start,
      overMs: ramp.over,
      steps: ramp.steps,
      stop: ramp.stop,
    },
  }))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  const most = parts.reduce((sum, { ramp }) => sum + (ramp === undefined ? 0 : Math.max(ramp.from, ramp.to)), 0)
  const resting = parts.reduce((sum, { weight, ramp }) => sum + (ramp === undefined ? weight : 0), 0)
  return {
    split: {
      parts,
      sticky: sticky === undefined || sticky === 'user' ? sticky : affinityOf(sticky),
      active,
      override: override && { header: override.header.toLowerCase(), from: override.from },
    },
    mistakes: [
      ...(twice === undefined
        ? []
        : [{ below: 'split' as const, message: `Two parts are called ${twice}. Give each a \`name\` of its own.` }]),
      ...(most > 1
        ? [{ below: 'split' as const, message: 'The ramps come to more than 100 %. Lower `to` or `from` of one.' }]
        : []),
      ...(resting === 0
        ? [
            {
              below: 'split' as const,
              message: 'One part must have a weight and no ramp: it gets what the others leave.',
            },
          ]
        : []),
      ...(active === undefined || names.includes(active)
        ? []
        : [{ below: 'active' as const, message: `There is no part ${active}.${didYouMean(active, names)}` }]),
    ],
  }
}
