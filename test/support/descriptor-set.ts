import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** The FileDescriptorSet of one proto text, as `buf build` makes it; it may import the annotations of google/api. */
export const descriptorSetOf = async (name: string, text: string): Promise<Buffer> => {
  const module = await mkdtemp(join(tmpdir(), 'portico-'))
  try {
    await mkdir(dirname(join(module, name)), { recursive: true })
    await writeFile(join(module, name), text)
    for (const file of ['annotations', 'http', 'field_behavior'])
      await cp(`node_modules/google-proto-files/google/api/${file}.proto`, join(module, `google/api/${file}.proto`))
    await promisify(execFile)(resolve('node_modules/.bin/buf'), ['build', '-o', 'set.binpb'], { cwd: module })
    return await readFile(join(module, 'set.binpb'))
  } finally {
    await rm(module, { recursive: true, force: true })
  }
}
