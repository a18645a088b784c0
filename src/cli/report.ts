import { styleText } from 'node:util'
import type { Mend } from '../kernel/diagnostic.ts'
import { type Diagnostic, formatDiagnostics, inOrder } from '../kernel/diagnostic.ts'
import type { Terminal } from './terminal.ts'

/** More than anybody reads; one cause often makes hundreds, and errors go before warnings. */
const mostShown = 100

/** Writes diagnostics for people: places bold, carets red or yellow where the terminal has colours. */
export const writeDiagnostics = (diagnostics: readonly Diagnostic[], { err, colours }: Terminal): void => {
  if (diagnostics.length === 0) return
  const errorsFirst = diagnostics.toSorted((a, b) => Number(b.severity === 'error') - Number(a.severity === 'error'))
  const text = formatDiagnostics(diagnostics.length > mostShown ? errorsFirst.slice(0, mostShown) : diagnostics)
  err(`${colours ? coloured(text) : text}\n\n`)
  if (diagnostics.length > mostShown)
    err(`… and ${diagnostics.length - mostShown} more; \`portico check --format json\` lists them all.\n\n`)
}

const coloured = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      if (/^\S+:\d+:\d+ {2}/.test(line)) return styleText('bold', line, { validateStream: false })
      const caret = /^(\s+)(\^ .*)$/.exec(line)
      return caret === null ? line : `${caret[1]}${styleText('red', caret[2] ?? '', { validateStream: false })}`
    })
    .join('\n')

/** `2 errors, 1 warning`; `no mistakes` where there is none. */
export const summary = (diagnostics: readonly Diagnostic[]): string => {
  const count = (severity: Diagnostic['severity']): string[] => {
    const found = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length
    return found === 0 ? [] : [`${found} ${severity}${found === 1 ? '' : 's'}`]
  }
  return [...count('error'), ...count('warning')].join(', ') || 'no mistakes'
}

const fixOf = ({ place: { file, line, column }, old, new: replacement }: Mend): object => ({
  file,
  line,
  column,
  old,
  new: replacement,
})

/** One diagnostic for programs. Places as in the text; paths relative to the workspace. */
export const jsonOf = ({ code, severity, place, coordinate, message, mend }: Diagnostic) => {
  const { file, line, column } = place
  const fix = mend === undefined ? {} : { fix: fixOf(mend) }
  return { code, severity, file, line, column, coordinate, message, ...fix }
}

/** Diagnostics for programs: one JSON object with the list and its counts. */
export const jsonReport = (diagnostics: readonly Diagnostic[]): string => {
  const listed = inOrder(diagnostics).map(jsonOf)
  const errors = listed.filter(({ severity }) => severity === 'error').length
  return `${JSON.stringify({ errors, warnings: listed.length - errors, diagnostics: listed }, null, 2)}\n`
}
