import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { compileWorkspace } from '../compile/compile.ts'
import { type Audit, auditWorkspace } from '../compile/review/audit.ts'
import { type Weight, weights } from '../kernel/codes/entry.ts'
import { formatDiagnostics } from '../kernel/diagnostic.ts'
import { jsonOf, writeDiagnostics } from './report.ts'
import { sarifReport } from './sarif.ts'
import type { Exit, Terminal } from './terminal.ts'

type Options = { readonly format: 'text' | 'json' | 'sarif'; readonly failOn: Weight }

export const auditCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('audit')
    .summary('review the security of a workspace')
    .description(
      'Tells what of a workspace without errors gives something to an attacker: what, where, and the way to mend it.\n`portico check --explain PORTICO-711` says more of a finding; `accepted` in portico.yaml names those that are meant.\nExits 1 when there is a finding of the weight --fail-on or above, or an error.',
    )
    .argument('[dir]', 'the workspace', '.')
    .addOption(
      new Option('--format <format>', 'how findings are printed; json and sarif go to standard output')
        .choices(['text', 'json', 'sarif'])
        .default('text'),
    )
    .addOption(
      new Option('--fail-on <weight>', 'the least weight that makes it exit 1')
        .choices(weights.filter((weight) => weight !== 'info'))
        .default('medium'),
    )
    .addHelpText('after', '\nExamples:\n  portico audit --fail-on low\n  portico audit --format sarif > audit.sarif')
    .action(async (dir: string, { format, failOn }: Options) => {
      const compiled = await compileWorkspace(dir, process.env)
      const audit = auditWorkspace(compiled, Date.now())
      if (audit === undefined) {
        writeDiagnostics(compiled.diagnostics, terminal)
        terminal.err('Nothing is reviewed while there are errors.\n')
        return done(1)
      }
      if (format === 'json') terminal.out(jsonOfAudit(audit))
      else if (format === 'sarif')
        terminal.out(sarifReport(audit.findings, { tool: 'portico audit', accepted: audit.accepted }))
      else writeAudit(audit, terminal)
      const failing = weights.slice(0, weights.indexOf(failOn) + 1)
      done(audit.findings.some(({ severity }) => failing.includes(severity)) ? 1 : 0)
    })

const countsOf = ({ findings }: Audit): readonly (readonly [Weight, number])[] =>
  weights.map((weight) => [weight, findings.filter(({ severity }) => severity === weight).length])

/** The gravest first, each weight by places. */
const writeAudit = (audit: Audit, { out, err, colours }: Terminal): void => {
  for (const weight of weights) {
    const found = audit.findings.filter(({ severity }) => severity === weight)
    if (found.length === 0) continue
    const text = formatDiagnostics(found)
    err(`${colours ? text.replaceAll(/^\S+:\d+:\d+ {2}.*$/gm, (head) => styleText('bold', head, plain)) : text}\n\n`)
  }
  const counts = countsOf(audit).flatMap(([weight, count]) => (count === 0 ? [] : [`${count} ${weight}`]))
  const accepted = audit.accepted.length === 0 ? '' : `; ${audit.accepted.length} accepted`
  out(`${counts.join(', ') || 'no findings'}${accepted}\n`)
}

const plain = { validateStream: false } as const

const jsonOfAudit = (audit: Audit): string =>
  `${JSON.stringify(
    {
      ...Object.fromEntries(countsOf(audit)),
      findings: audit.findings.map(jsonOf),
      accepted: audit.accepted.map(({ finding, reason }) => ({ ...jsonOf(finding), reason })),
    },
    null,
    2,
  )}\n`
