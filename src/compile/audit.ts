import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import type { Diagnostic, Place } from '../kernel/diagnostic.ts'
import { entryAt } from '../kernel/snapshot.ts'
import { isStandardOutput } from '../kernel/standard-output.ts'

export const auditConfig = z.strictObject({
  file: z
    .string()
    .min(1)
    .describe(
      'Where it is written, relative to the workspace, a line of JSON for each event; `stdout` for standard output. A file that is renamed or removed is made anew.',
    ),
})

/** Where the audit log goes, as an absolute path or `stdout`; undefined where there is none. */
export const compileAudit = (
  config: z.output<typeof auditConfig> | undefined,
  { workspaceDir, place }: { readonly workspaceDir: string; readonly place: () => Place },
): { readonly file: string | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  if (config === undefined || isStandardOutput(config.file)) return { file: config?.file, diagnostics: [] }
  const file = resolve(workspaceDir, config.file)
  const isFolder = entryAt(dirname(file))?.kind === 'folder'
  if (isFolder && entryAt(file)?.kind !== 'folder') return { file, diagnostics: [] }
  const message = isFolder
    ? `${config.file} is a folder; the audit log is a file.`
    : `There is no folder for ${config.file}. Make it: it is not made by itself, so that a mistyped path is no new place.`
  return {
    file: undefined,
    diagnostics: [{ severity: 'error', code: 'PORTICO-009', place: place(), coordinate: 'audit.file', message }],
  }
}
