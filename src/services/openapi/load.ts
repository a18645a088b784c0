import { resolve } from 'node:path'
import type { Code } from '../../kernel/codes/codes.ts'
import { entryAt, readText } from '../../kernel/snapshot.ts'
import { type OpenApiDocument, readOpenApi } from './document.ts'

/** The largest document read. */
const maxBytes = 16_777_216

/** Reads the OpenAPI document of a service, or says what is wrong with it. */
export const loadOpenApi = (
  file: string,
  { workspaceDir }: { readonly workspaceDir: string },
): OpenApiDocument | { readonly code: Code; readonly message: string } => {
  const path = resolve(workspaceDir, file)
  const entry = entryAt(path)
  if (entry?.kind !== 'file') return { code: 'PORTICO-009', message: `There is no file ${file} in the workspace.` }
  if (entry.bytes > maxBytes)
    return { code: 'PORTICO-900', message: `${file} is larger than 16MiB, the most that is read.` }
  try {
    const read = readOpenApi(file, readText(path))
    return typeof read === 'string' ? { code: 'PORTICO-900', message: read } : read
  } catch {
    return { code: 'PORTICO-009', message: `${file} cannot be read.` }
  }
}
