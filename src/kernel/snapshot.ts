import { AsyncLocalStorage } from 'node:async_hooks'
import { accessSync, constants, globSync, readFileSync, realpathSync, statSync } from 'node:fs'

/**
 * What a workspace was made of when it was read: what its files said, and services that were asked for their
 * definitions. Data that another process can be sent; secrets are in it.
 */
export type Snapshot = Map<string, Answer>

type Answer = { readonly value: unknown } | { readonly failed: string }

const kept = new AsyncLocalStorage<Snapshot>()

/**
 * Reads a workspace by a snapshot: what is in it is believed, whatever has happened to the files since, and what is not
 * is read and added. So an empty one is filled, and a full one gives the same workspace again.
 */
export const readingBy = <T>(snapshot: Snapshot | undefined, read: () => T): T =>
  snapshot === undefined ? read() : kept.run(snapshot, read)

/** Throws Node's own error. */
export const readBytes = (path: string): Buffer => asked(`bytes ${path}`, () => readFileSync(path))

/** Throws Node's own error. */
export const readText = (path: string): string => readBytes(path).toString('utf8')

type Entry = { readonly kind: 'file' | 'folder' | 'other'; readonly bytes: number }

/** What is there, behind links too; undefined where nothing is, or nobody may look. */
export const entryAt = (path: string): Entry | undefined =>
  asked(`entry ${path}`, () => {
    try {
      const stat = statSync(path)
      return { kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other', bytes: stat.size }
    } catch {
      return undefined
    }
  })

export const mayRead = (path: string): boolean =>
  asked(`may read ${path}`, () => {
    try {
      accessSync(path, constants.R_OK)
      return true
    } catch {
      return false
    }
  })

/** The path without links. Throws Node's own error. */
export const realPath = (path: string): string => asked(`real path ${path}`, () => realpathSync(path))

/** The paths in a folder that a pattern fits, relative to it. */
export const pathsLike = (pattern: string, folder: string): readonly string[] =>
  asked(`paths ${pattern} in ${folder}`, () => globSync(pattern, { cwd: folder }))

/** What somebody else answers to a question, such as a service; a rejection is not kept. */
export const askedOnce = async <T>(question: string, ask: () => Promise<T>): Promise<T> => {
  const snapshot = kept.getStore()
  const known = snapshot?.get(question)
  if (known !== undefined) return given(known) as T
  const value = await ask()
  snapshot?.set(question, { value })
  return value
}

const asked = <T>(question: string, ask: () => T): T => {
  const snapshot = kept.getStore()
  if (snapshot === undefined) return ask()
  let known = snapshot.get(question)
  if (known === undefined) snapshot.set(question, (known = answerTo(ask)))
  return given(known) as T
}

const answerTo = (ask: () => unknown): Answer => {
  try {
    return { value: ask() }
  } catch (error) {
    return { failed: (error as NodeJS.ErrnoException).code ?? '' }
  }
}

const given = (answer: Answer): unknown => {
  if ('value' in answer) return answer.value
  throw Object.assign(new Error(`It could not be read (${answer.failed}).`), { code: answer.failed })
}
