import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'

export type Files = Readonly<Record<string, string | Uint8Array>>

const made: string[] = []
after(() => {
  for (const path of made) rmSync(path, { recursive: true })
})

/** A directory with these files, for as long as the tests of a file run. */
export const directory = (files: Files): string => {
  const root = mkdtempSync(join(tmpdir(), 'protos-'))
  made.push(root)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

const require = createRequire(import.meta.url)
const buf = join(dirname(require.resolve('@bufbuild/buf/package.json')), 'bin/buf')
const googleProtos = dirname(require.resolve('google-proto-files/package.json'))

/** The descriptor set that buf makes of proto files; what they import of google's is at hand. */
export const compileSet = async (files: Files, flags: readonly string[] = []): Promise<Buffer> => {
  const dir = directory(files)
  const own = Object.keys(files).flatMap((name) => ['--path', join(dir, name)])
  for (const part of ['api', 'rpc', 'type'])
    cpSync(join(googleProtos, 'google', part), join(dir, 'google', part), {
      recursive: true,
      filter: (path) => !/\/(?:serviceusage|servicemanagement|servicecontrol|cloudquotas|apikeys|expr)$/.test(path),
    })
  const out = join(dir, 'out.binpb')
  await promisify(execFile)(process.execPath, [buf, 'build', dir, ...own, ...flags, '-o', out])
  return readFileSync(out)
}
