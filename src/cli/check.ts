import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { compileWorkspace, workspaceFile } from '../compile/compile.ts'
import { checkContracts } from '../compile/contract.ts'
import { checkProtoContracts, compareServices } from '../compile/contract-protos.ts'
import type { Plan } from '../compile/plan.ts'
import { allCodes, codeEntry } from '../kernel/codes/codes.ts'
import type { Mend } from '../kernel/diagnostic.ts'
import { type Diagnostic, didYouMean, hasErrors } from '../kernel/diagnostic.ts'
import { checkResolvers } from '../runtime/check-resolvers.ts'
import { type ProbeSettings, probePlan } from '../runtime/probe.ts'
import { type Checked, fixesOf, mendLine, writeFixes } from './fix.ts'
import { jsonReport, summary, writeDiagnostics } from './report.ts'
import { sarifReport } from './sarif.ts'
import type { Exit, Terminal } from './terminal.ts'

type Format = 'text' | 'json' | 'sarif'
type Options = {
  readonly format: Format
  readonly explain?: string
  readonly against?: string
  readonly probe?: true
  readonly fix?: true
  readonly dryRun?: true
  readonly sample: Samples
  readonly header: Readonly<Record<string, string>>
}
type Samples = ProbeSettings['samples']

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
    .option('--fix', 'mend what can only be meant in one way, such as misspelt names, print each edit, and check again')
    .option('--dry-run', 'with --fix: print the edits, write nothing')
    .option('--explain <code>', 'print what a code means, such as PORTICO-401, and check nothing')
    .option(
      '--against <dir>',
      'the workspace as it was, such as a checkout of the branch to merge into: tell changes of protos that break clients',
    )
    .option('--probe', 'ask live services by every binding that only reads, and say where answers are of another shape')
    .option(
      '--sample <file>',
      'JSON of values to probe with, such as {"Query.user(id:)": "u-1", "User.id": "u-1"}; literals and defaults of stored operations count too',
      readSamples,
      {},
    )
    .option(
      '--header <header>',
      'a request header to probe with; authorization reaches services with identity: forward alone',
      readHeader,
      {},
    )
    .addHelpText(
      'after',
      "\nExamples:\n  portico check examples/hello\n  portico check --format sarif > portico.sarif\n  portico check --fix --dry-run\n  portico check --explain PORTICO-401\n  portico check --against ../main\n  portico check --probe --sample samples.json --header 'authorization: Bearer …'",
    )
    .action(async (dir: string, { format, explain, against, probe, fix, dryRun, sample, header }: Options) => {
      if (explain !== undefined) return done(explainCode(explain, terminal))
      const tell = (line: string): void => terminal.err(`${line}\n`)
      if (dryRun === true && fix === undefined) {
        tell('--dry-run goes with --fix.')
        return done(2)
      }
      if (against !== undefined && !existsSync(join(against, workspaceFile))) {
        tell(`There is no ${workspaceFile} in ${against}, so nothing can be compared with it.`)
        return done(2)
      }
      let checked = await checkWorkspace(dir)
      if (fix === true) {
        const print = (mend: Mend): void => (format === 'text' ? terminal.out : terminal.err)(`${mendLine(mend)}\n`)
        // What is mended may have hidden other mistakes.
        for (let round = 0; round < mostRounds; round += 1) {
          const fixes = fixesOf(dir, checked)
          const failure = dryRun === true ? undefined : writeFixes(dir, fixes)
          if (failure !== undefined) {
            tell(`Files could not be written: ${failure}`)
            return done(1)
          }
          fixes.mends.forEach(print)
          if (dryRun === true || fixes.mends.length === 0) break
          checked = await checkWorkspace(dir)
        }
      }
      const { plan, diagnostics } = checked
      if (against !== undefined && plan === undefined) tell('Nothing is compared while there are errors.')
      if (against !== undefined && plan !== undefined) {
        const { services: before } = await compileWorkspace(against, process.env)
        for (const { name, kind } of plan.services.values())
          if (kind === 'grpc' && !before.has(name)) tell(`${name} is not compared: ${against} has no such service.`)
        diagnostics.push(...compareServices(plan, { before, dir: against }))
      }
      if (probe === true && plan === undefined) tell('Nothing is probed while there are errors.')
      if (probe === true && plan !== undefined)
        diagnostics.push(...(await probePlan(plan, { samples: sample, headers: header, tell })))
      if (format === 'json') terminal.out(jsonReport(diagnostics))
      else if (format === 'sarif') terminal.out(sarifReport(diagnostics))
      else {
        writeDiagnostics(diagnostics, terminal)
        terminal.out(`${plan === undefined ? '' : `checked ${counted(plan)}: `}${summary(diagnostics)}\n`)
      }
      done(hasErrors(diagnostics) ? 1 : 0)
    })

const mostRounds = 8

type CheckedPlan = Checked & { readonly plan: Plan | undefined; readonly diagnostics: Diagnostic[] }

const checkWorkspace = async (dir: string): Promise<CheckedPlan> => {
  const { plan, diagnostics, files } = await compileWorkspace(dir, process.env)
  const more =
    plan === undefined ? [] : [...checkContracts(plan), ...checkProtoContracts(plan), ...(await checkResolvers(plan))]
  return { plan, files, diagnostics: [...diagnostics, ...more] }
}

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

const readSamples = (file: string): Samples => {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Samples
  } catch (error) {
    throw new InvalidArgumentError(`${file} cannot be read as JSON: ${(error as Error).message}`)
  }
  throw new InvalidArgumentError(`${file} should hold a JSON object of values by coordinate.`)
}

const readHeader = (text: string, before: Options['header']): Options['header'] => {
  const [, name, value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError("Expected a header such as 'authorization: Bearer …'.")
  return { ...before, [name.toLowerCase()]: value }
}
