import { relative, resolve } from 'node:path'
import { watch } from 'chokidar'
import type { Gateway } from './gateway.ts'

export type Watching = { close(): Promise<void> }

/** Changes that come together, as an editor's or a symlink swap's do, make one reload. */
const settleMs = 100

/** Folders whose new files may belong to the workspace, beside the files it is made of now. */
const folders = ['schema', 'protos']

/**
 * Calls `changed` when a file of the workspace changed, once for each burst of changes and never twice at a time.
 * Atomic renames and the `..data` swap of Kubernetes' volumes are seen, for chokidar follows names, not inodes.
 * `failed` hears of what cannot be watched and of a `changed` that rejects; watching goes on.
 * Resolves once it watches.
 */
export const watchWorkspace = async (
  dir: string,
  {
    gateway,
    changed,
    failed,
  }: { gateway: Pick<Gateway, 'files'>; changed: () => Promise<unknown>; failed: (error: unknown) => void },
): Promise<Watching> => {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let again = false
  // A file may lie elsewhere: keys and certificates are often mounted on their own.
  const paths = (): string[] => [...new Set([...folders, ...gateway.files()].map((file) => resolve(dir, file)))]
  const watched = new Set(paths())
  const watcher = watch([...watched], {
    ignoreInitial: true,
    followSymlinks: true,
    ignored: (path) => relative(dir, path).split(/[\\/]/).includes('node_modules'),
  })
  // Only what is new: a path that is added again is read again, and a change between the two is lost.
  const watchNew = (): void => {
    const added = paths().filter((path) => !watched.has(path))
    for (const path of added) watched.add(path)
    watcher.add(added)
  }
  const reload = async (): Promise<void> => {
    do {
      again = false
      await changed().catch(failed)
      watchNew()
    } while (again)
  }
  const run = (): void => {
    if (running !== undefined) {
      again = true
      return
    }
    running = reload().finally(() => {
      running = undefined
    })
  }
  const ready = new Promise<void>((done) => watcher.once('ready', done))
  watcher.on('error', failed)
  watcher.on('all', () => {
    clearTimeout(timer)
    timer = setTimeout(run, settleMs)
  })
  await ready
  return {
    async close() {
      clearTimeout(timer)
      again = false
      await watcher.close()
      await running
    },
  }
}
