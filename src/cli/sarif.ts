import { codeEntry } from '../kernel/codes/codes.ts'
import { type Diagnostic, inOrder } from '../kernel/diagnostic.ts'
import type { Mend } from '../kernel/mend.ts'

/** Diagnostics as a SARIF 2.1.0 log (OASIS), which code hosts show beside the lines of a change. */
export const sarifReport = (diagnostics: readonly Diagnostic[]): string => {
  const used = [...new Set(diagnostics.map(({ code }) => code))].sort()
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'portico check', rules: used.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: inOrder(diagnostics).map((diagnostic) => resultOf(diagnostic, used.indexOf(diagnostic.code))),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

const ruleOf = (code: string): object => {
  const entry = codeEntry(code)
  return {
    id: code,
    shortDescription: { text: entry?.title ?? code },
    fullDescription: { text: entry?.cause ?? '' },
    help: { text: entry?.fix ?? '' },
    defaultConfiguration: { level: entry?.severity ?? 'error' },
  }
}

const resultOf = ({ code, severity, place, coordinate, message, mend }: Diagnostic, ruleIndex: number): object => ({
  ruleId: code,
  ruleIndex,
  level: severity,
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
