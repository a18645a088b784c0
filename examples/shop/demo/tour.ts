import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { compileWorkspace } from '../../../src/compile/compile.ts'
import { explainOperation } from '../../../src/compile/explain.ts'
import type { Demo } from './demo.ts'
import { workspace } from './gateway-process.ts'
import { type Step, visitOf } from './step.ts'
import { steps } from './steps.ts'

/**
 * Takes every step, shows its request, plan and answer, and says whether the answer is what the seed makes it.
 * Resolves to 0 when all are right, else to 1.
 */
export const runTour = async (demo: Demo, say: (text: string) => void): Promise<number> => {
  const visit = visitOf(demo)
  const plans = await plannerOf(demo)
  const wrong: string[] = []
  for (const [index, step] of steps.entries()) {
    say(`\n${styleText('bold', `${index + 1}. ${step.title}`)}\n`)
    try {
      const plan = step.plan === undefined ? undefined : await plans(step.plan)
      const { request, answer, check } = await step.run(visit)
      say(`${part('request', request)}${plan === undefined ? '' : part('plan', plan)}${part('answer', answer)}`)
      check()
      say(`  ${styleText('green', '✔ right')}\n`)
    } catch (error) {
      wrong.push(step.title)
      say(`  ${styleText('red', '✘ wrong')}\n${indented(error instanceof Error ? error.message : String(error))}\n`)
    }
  }
  const right = steps.length - wrong.length
  say(`\n${styleText(wrong.length === 0 ? 'green' : 'red', `${right} of ${steps.length} answers are right.`)}\n`)
  return wrong.length === 0 ? 0 : 1
}

const mostLines = 14
const widest = 400

const part = (name: string, text: string): string => `  ${styleText('dim', name)}\n${indented(text)}\n`

const indented = (text: string): string => {
  const lines = text.split('\n')
  const few = lines.length > mostLines ? [...lines.slice(0, mostLines), '…'] : lines
  return few.map((line) => `    ${line.length > widest ? `${line.slice(0, widest)} …` : line}`).join('\n')
}

/** Says what `portico explain` says. */
const plannerOf = async ({ env, folder }: Demo): Promise<(target: NonNullable<Step['plan']>) => Promise<string>> => {
  const { plan } = await compileWorkspace(workspace, { ...process.env, ...env })
  if (plan === undefined) throw new Error('The reference workspace does not check.')
  return async (wanted) => {
    const file = join(folder, 'asked.graphql')
    if (typeof wanted !== 'string') await writeFile(file, wanted.query)
    const target = typeof wanted === 'string' ? wanted : file
    const explained = explainOperation(plan, { target, variables: {}, bff: 'web' })
    if ('mistake' in explained) throw new Error(explained.mistake)
    return explained.text
  }
}
