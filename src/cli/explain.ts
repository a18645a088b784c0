import { Command, InvalidArgumentError } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { explainOperation } from '../compile/explain.ts'
import { writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'

type Options = { readonly dir: string; readonly variables: Readonly<Record<string, unknown>>; readonly bff?: string }

export const explainCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('explain')
    .summary('print what an operation will do')
    .description(
      'Prints the plan of an operation: its calls by level, how many there are at most, and what of the caller it reads.',
    )
    .argument('<operation...>', "an operation's file, or its address such as 'GET /mobile/my-dashboard'")
    .option('--dir <dir>', 'the workspace', '.')
    .option('--variables <json>', 'variables, for the sizes of lists and for @skip and @include', readVariables, {})
    .option('--bff <name>', 'the BFF that runs a file which is no stored operation')
    .addHelpText(
      'after',
      "\nExamples:\n  portico explain 'GET /mobile/my-dashboard'\n  portico explain query.graphql --bff web --variables '{\"first\": 50}'",
    )
    .action(async (words: readonly string[], { dir, variables, bff }: Options) => {
      const { plan, diagnostics } = await compileWorkspace(dir, process.env)
      if (plan === undefined) {
        writeDiagnostics(diagnostics, terminal)
        return done(1)
      }
      const explained = explainOperation(plan, { target: words.join(' '), variables, bff })
      if ('text' in explained) return terminal.out(`${explained.text}\n`)
      terminal.err(`${explained.mistake}\n`)
      done(1)
    })

const readVariables = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below, with what is expected.
  }
  throw new InvalidArgumentError('Expected a JSON object, such as {"first": 50}.')
}
