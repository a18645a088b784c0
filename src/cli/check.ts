import { Command, Option } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { checkContracts } from '../compile/contract.ts'
import type { Plan } from '../compile/plan.ts'
import { allCodes, codeEntry } from '../kernel/codes/codes.ts'
import { didYouMean, hasErrors } from '../kernel/diagnostic.ts'
import { checkResolvers } from '../runtime/check-resolvers.ts'
import type { Exit, Terminal } from './program.ts'
import { jsonReport, summary, writeDiagnostics } from './report.ts'
import { sarifReport } from './sarif.ts'

type Format = 'text' | 'json' | 'sarif'
type Options = { readonly format: Format; readonly explain?: string }

export const checkCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('check')
    .summary('find every mistake of a workspace')
    .description(
      'Checks portico.yaml, schemas, protos and stored operations together, and prints every mistake with its place.\nExits 1 when there is an error; warnings alone exit 0.',
    )
    .argument('[dir]', 'the workspace', '.')
    .addOption(
      new Option('--format <format>', 'how mistakes are printed; json and sarif go to standard output')
        .choices(['text', 'json', 'sarif'])
        .default('text'),
    )
    .option('--explain <code>', 'print what a code means, such as PORTICO-401, and check nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  portico check examples/hello\n  portico check --format sarif > portico.sarif\n  portico check --explain PORTICO-401',
    )
    .action(async (dir: string, { format, explain }: Options) => {
      if (explain !== undefined) return done(explainCode(explain, terminal))
      const { plan, diagnostics: mistakes } = await compileWorkspace(dir, process.env)
      const diagnostics =
        plan === undefined ? mistakes : [...mistakes, ...checkContracts(plan), ...(await checkResolvers(plan))]
      if (format === 'json') terminal.out(jsonReport(diagnostics))
      else if (format === 'sarif') terminal.out(sarifReport(diagnostics))
      else {
        writeDiagnostics(diagnostics, terminal)
        terminal.out(`${plan === undefined ? '' : `checked ${counted(plan)}: `}${summary(diagnostics)}\n`)
      }
      done(hasErrors(diagnostics) ? 1 : 0)
    })

const counted = ({ services, bffs, routes }: Plan): string => {
  const counts = [
    [services.size, 'service'],
    [bffs.length, 'BFF'],
    [bffs.flatMap(({ served }) => served.endpoints).length, 'stored operation'],
    [routes.length, 'route'],
  ] as const
  return counts.map(([count, name]) => `${count} ${name}${count === 1 ? '' : 's'}`).join(', ')
}

const explainCode = (asked: string, { out, err }: Terminal): Exit => {
  const code = /^\d+$/.test(asked) ? `PORTICO-${asked}` : asked.toUpperCase()
  const entry = codeEntry(code)
  if (entry === undefined) {
    err(`There is no code ${asked}.${didYouMean(code, allCodes)}\n`)
    return 2
  }
  const { severity, title, cause, fix, example } = entry
  const shown = example === undefined ? '' : `\n  ${example}\n`
  out(`${code}  ${title}  (${severity})\n\n${cause}\n${shown}\n${fix}\n`)
  return 0
}
