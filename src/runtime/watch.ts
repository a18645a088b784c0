import { type FSWatcher, watch as watchFolder } from 'node:fs'
import { basename, dirname, relative, resolve } from 'node:path'
import { watch } from 'chokidar'
import type { Gateway } from './gateway.ts'

export type Watching = { close(): Promise<void> }

/** Changes that come together, as an editor's or a symlink swap's do, make one reload. */
const settleMs = 100
/** How long a reload waits for changes that do not cease: a file that is written without a pause postpones none for ever. */
const mostSettleMs = 3_000

/** Folders whose new files may belong to the workspace, beside the files it is made of now. */
const folders = ['schema', 'protos']

/**
 * Calls `changed` when a file of the workspace changed, once for each burst of changes and never twice at a time.
 * Atomic renames and the `..data` swap of Kubernetes' volumes are seen, for chokidar follows names, not inodes; so is
 * another folder in the place of the workspace, or a link that leads to another. `failed` hears of what cannot be
 * watched and of a `changed` that rejects; watching goes on. Resolves once it watches.
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
  let latest: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let again = false
  let replaced = false
  const settle = (): void => {
    clearTimeout(timer)
    timer = setTimeout(run, settleMs)
    latest ??= setTimeout(run, mostSettleMs)
  }
  let watched = await watchFiles(dir, { gateway, settle, failed })
  const reload = async (): Promise<void> => {
    do {
      again = false
      if (replaced) {
        replaced = false
        await watched.close()
        watched = await watchFiles(dir, { gateway, settle, failed })
      }
      await changed().catch(failed)
      watched.addNew()
    } while (again)
  }
  const run = (): void => {
    clearTimeout(timer)
    clearTimeout(latest)
    latest = undefined
    if (running !== undefined) {
      again = true
      return
    }
    running = reload().finally(() => {
      running = undefined
    })
  }
  const place = watchPlace(resolve(dir), () => {
    replaced = true
    settle()
  })
  return {
    async close() {
      place?.close()
      clearTimeout(timer)
      clearTimeout(latest)
      again = false
      await running
      await watched.close()
    },
  }
}

type FilesTools = {
  readonly gateway: Pick<Gateway, 'files'>
  readonly settle: () => void
  readonly failed: (error: unknown) => void
}

const watchFiles = async (dir: string, { gateway, settle, failed }: FilesTools) => {
  // A file may lie elsewhere: keys and certificates are often mounted on their own.
  const paths = (): string[] => [...new Set([...folders, ...gateway.files()].map((file) => resolve(dir, file)))]
  const watched = new Set(paths())
  const watcher = watch([...watched], {
    ignoreInitial: true,
    followSymlinks: true,
    ignored: (path) => relative(dir, path).split(/[\\/]/).includes('node_modules'),
  })
  const ready = new Promise<void>((done) => watcher.once('ready', done))
  watcher.on('error', failed)
  watcher.on('all', settle)
  await ready
  return {
    /** Only what is new: a path that is added again is read again, and a change between the two is lost. */
    addNew(): void {
      const added = paths().filter((path) => !watched.has(path))
      for (const path of added) watched.add(path)
      watcher.add(added)
    },
    close: () => watcher.close(),
  }
}

/** What is watched in a folder stays with it when it is moved away: only the folder around it tells. */
const watchPlace = (dir: string, replaced: () => void): FSWatcher | undefined => {
  try {
    const watcher = watchFolder(dirname(dir), (_event, name) => {
      if (name === basename(dir)) replaced()
    })
    // Not every folder may be read, and some file systems tell nothing: then the workspace is not moved under us, or SIGHUP tells.
    return watcher.on('error', () => watcher.close())
  } catch {
    return undefined
  }
}
