import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { providers } from '../catalog.ts'
import { planned } from '../config/planned.ts'
import { readConfig } from '../config/read.ts'
import { type Diagnostic, didYouMean } from '../kernel/diagnostic.ts'
import { isStandardOutput } from '../kernel/standard-output.ts'
import { workspaceFile } from './compile.ts'
import { workspaceConfig } from './config.ts'

export const { addKey, listKeys, revokeKey, rotateKey, passwordLine } = providers

/** The absolute path of a provider's file of keys, which need not be there yet, and that of the audit log; or why there is none. */
export const keyFileOf = (
  workspace: string,
  provider: string,
  env: Readonly<Record<string, string | undefined>>,
):
  | { readonly file: string; readonly audit: string | undefined }
  | { readonly diagnostics: readonly Diagnostic[] }
  | { readonly mistake: string } => {
  const dir = resolve(workspace)
  let text: string
  try {
    text = readFileSync(join(dir, workspaceFile), 'utf8')
  } catch {
    return { mistake: `There is no readable ${workspaceFile} in ${dir}.` }
  }
  const { value, diagnostics } = readConfig({
    file: workspaceFile,
    text,
    shape: workspaceConfig,
    env,
    workspaceDir: dir,
    planned,
  })
  if (value === undefined) return { diagnostics }
  const entry = value.auth[provider]
  if (entry !== undefined && 'apiKey' in entry)
    return { file: resolve(dir, entry.apiKey.file), audit: value.audit && auditFileOf(value.audit.file, dir) }
  const named = Object.entries(value.auth).flatMap(([name, one]) => ('apiKey' in one ? [name] : []))
  return { mistake: `There is no provider ${provider} with \`apiKey\` under \`auth:\`.${didYouMean(provider, named)}` }
}

/** Undefined where it goes to standard output: that of a command is for its answer. */
const auditFileOf = (file: string, dir: string): string | undefined =>
  isStandardOutput(file) ? undefined : resolve(dir, file)
