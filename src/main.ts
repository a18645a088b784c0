#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'

// Compiled code of the libraries is kept between starts, where the machine lets us write; it must be on before they load.
enableCompileCache()
const { runProgram } = await import('./cli/program.ts')

const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
const { version } = JSON.parse(manifest) as { readonly version: string }

// Whoever reads may stop reading, as `| head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const exit = await runProgram(
  process.argv.slice(2),
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colours: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
  },
  version,
)
process.exit(exit)
