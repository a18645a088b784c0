import { codeEntry } from '../kernel/codes/codes.ts'
import type { Severity } from '../kernel/codes/entry.ts'
import type { Mend } from '../kernel/diagnostic.ts'
import { type Diagnostic, inOrder } from '../kernel/diagnostic.ts'

/** Diagnostics as a SARIF 2.1.0 log (OASIS), which code hosts show beside the lines of a change. */
export const sarifReport = (
  diagnostics: readonly Diagnostic[],
  { tool = 'portico check', accepted = [] }: { readonly tool?: string; readonly accepted?: readonly Accepted[] } = {},
): string => {
  const reasons = new Map(accepted.map(({ finding, reason }) => [finding, reason]))
  const all = inOrder([...diagnostics, ...reasons.keys()])
  const used = [...new Set(all.map(({ code }) => code))].sort()
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: tool,
            rules: used.map((code) => ruleOf(code, all.find((one) => one.code === code)?.severity)),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: all.map((diagnostic) => {
          const reason = reasons.get(diagnostic)
          return {
            ...resultOf(diagnostic, used.indexOf(diagnostic.code)),
            ...(reason !== undefined && {
              suppressions: [{ kind: 'external', status: 'accepted', justification: reason }],
            }),
          }
        }),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

/** What is found, and meant: it goes along with its reason, and is not shown as open. */
type Accepted = { readonly finding: Diagnostic; readonly reason: string }

const levels = {
  error: 'error',
  warning: 'warning',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
} as const

/** As code hosts sort findings of security: out of ten. */
const scores: Readonly<Partial<Record<Severity, string>>> = { high: '8.0', medium: '5.5', low: '3.0', info: '0.1' }

/** A rule of `check` may weigh otherwise in an audit: then its findings say so. */
const ruleOf = (code: string, found: Severity | undefined): object => {
  const entry = codeEntry(code)
  const score = found && scores[found]
  const severity = (score === undefined ? entry?.severity : found) ?? 'error'
  return {
    id: code,
    shortDescription: { text: entry?.title ?? code },
    fullDescription: { text: entry?.cause ?? '' },
    help: { text: entry?.fix ?? '' },
    defaultConfiguration: { level: levels[severity] },
    ...(score !== undefined && { properties: { tags: ['security'], 'security-severity': score } }),
  }
}

const resultOf = ({ code, severity, place, coordinate, message, mend }: Diagnostic, ruleIndex: number): object => ({
  ruleId: code,
  ruleIndex,
  level: levels[severity],
  message: { text: message },
  locations: [
    {
      physicalLocation: {
        artifactLocation: artifact(place.file),
        region: { startLine: place.line, startColumn: place.column },
      },
      logicalLocations: [{ fullyQualifiedName: coordinate }],
    },
  ],
  ...(mend === undefined ? {} : { fixes: [fixOf(mend)] }),
})

const fixOf = ({ place, old, new: replacement }: Mend): object => ({
  description: { text: `${old} → ${replacement}` },
  artifactChanges: [
    {
      artifactLocation: artifact(place.file),
      replacements: [
        {
          deletedRegion: {
            startLine: place.line,
            startColumn: place.column,
            endLine: place.line,
            endColumn: place.column + old.length,
          },
          insertedContent: { text: replacement },
        },
      ],
    },
  ],
})

/** A URI reference (RFC 3986): relative to the workspace, and encoded where a name has blanks. */
const artifact = (file: string): object => ({ uri: file.split('/').map(encodeURIComponent).join('/') })
