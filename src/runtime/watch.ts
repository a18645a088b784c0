import { join } from 'node:path'
import { watch } from 'chokidar'
import type { Gateway } from './gateway.ts'

export type Watching = { close(): Promise<void> }

/** Changes that come together, as an editor's or a symlink swap's do, make one reload. */
const settleMs = 100

/** Folders whose new files may belong to the workspace, beside the files it is made of now. */
const folders = ['schema', 'protos']

/**
 * Calls `changed` when a file of the workspace changed, once for each burst of changes. Atomic renames and the
 * `..data` swap of Kubernetes' volumes are seen, for chokidar watches folders.
 */
export const watchWorkspace = (
  dir: string,
  { gateway, changed }: { gateway: Gateway; changed: () => Promise<unknown> },
): Watching => {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<unknown> | undefined
  let again = false
  const paths = (): string[] => [...new Set([...folders, ...gateway.files()])].map((file) => join(dir, file))
  const watcher = watch(paths(), {
    ignoreInitial: true,
    followSymlinks: true,
    ignored: (path) => path.includes('node_modules'),
  })
  const run = async (): Promise<void> => {
    if (running !== undefined) {
      again = true
      return
    }
    do {
      again = false
      running = changed()
      await running
      watcher.add(paths())
    } while (again)
    running = undefined
  }
  watcher.on('all', () => {
    clearTimeout(timer)
    timer = setTimeout(() => void run(), settleMs)
  })
  return {
    async close() {
      clearTimeout(timer)
      await watcher.close()
      await running
    },
  }
}
