import { type Diagnostic, formatDiagnostics } from '../../src/kernel/diagnostic.ts'

/** Diagnostics as authors read them, without their codes: for tests of words and places. */
export const told = (diagnostics: readonly Diagnostic[]): string => withoutCodes(formatDiagnostics(diagnostics))

export const withoutCodes = (text: string): string => text.replaceAll(/ {2}PORTICO-\d+(?=$| {2})/gm, '')
