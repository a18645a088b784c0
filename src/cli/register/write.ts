import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { NewFile } from '../../compile/register/registration.ts'

/**
 * Writes files in the order given, each whole or not at all: all are laid beside their places first, so that a full disk
 * or a missing right leaves the workspace as it was, and only then put there. Answers with what failed, if anything did.
 */
export const writeFiles = (dir: string, files: ReadonlyMap<string, NewFile>): string | undefined => {
  const laid: { readonly temporary: string; readonly path: string }[] = []
  try {
    for (const [file, { content }] of files) {
      const named = join(dir, file)
      // A link stays a link: what it leads to is replaced.
      const path = existsSync(named) ? realpathSync(named) : named
      mkdirSync(dirname(path), { recursive: true })
      const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`)
      laid.push({ temporary, path })
      writeFileSync(temporary, content)
    }
    for (const { temporary, path } of laid) renameSync(temporary, path)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    for (const { temporary } of laid) rmSync(temporary, { force: true })
  }
}
