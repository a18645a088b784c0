import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, parse, relative, resolve } from 'node:path'
import { type Compiled, compileWorkspace } from '../compile.ts'
import type { NewFile } from './registration.ts'

type Change = {
  /** Absolute path of the workspace. */
  readonly dir: string
  /** What it is made of now, relative to it; outside of it too, as `include: ../protos` has it. */
  readonly made: readonly string[]
  /** What would be otherwise. */
  readonly files: ReadonlyMap<string, NewFile>
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Compiles a workspace as it would be with some files otherwise, beside itself: nothing in it is touched. The copy stands
 * below a temporary directory at the path it has in truth, so that what it names outside of itself is found there too.
 */
export const compileCandidate = async ({ dir, made, files, env }: Change): Promise<Compiled> => {
  const ground = mkdtempSync(join(tmpdir(), 'portico-register-'))
  const mirrored = (path: string): string => join(ground, relative(parse(path).root, path))
  try {
    const copy = mirrored(dir)
    mkdirSync(copy, { recursive: true })
    for (const file of made) {
      const from = resolve(dir, file)
      const kind = statSync(from, { throwIfNoEntry: false })
      if (kind?.isFile() === true || kind?.isDirectory() === true)
        cpSync(from, mirrored(from), { recursive: true, dereference: true })
    }
    for (const [file, { content }] of files) {
      mkdirSync(dirname(join(copy, file)), { recursive: true })
      writeFileSync(join(copy, file), content)
    }
    return await compileWorkspace(copy, env)
  } finally {
    rmSync(ground, { recursive: true, force: true })
  }
}
