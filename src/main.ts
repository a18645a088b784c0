#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runProgram } from './cli/program.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}

const exit = await runProgram(
  process.argv.slice(2),
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colours: process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined,
  },
  version,
)
process.exit(exit)
