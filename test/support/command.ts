import { runProgram } from '../../src/cli/program.ts'
import type { Exit } from '../../src/cli/terminal.ts'

type Ran = { readonly status: Exit; readonly out: string; readonly err: string }

/**
 * Runs a command of `portico` in this process, in the folder and with the environment of the test, for commands that
 * end by themselves: a process for each costs a second of loading. That the program does what its commands do is seen
 * in test/cli/commands.test.ts.
 */
export const portico = async (args: readonly string[]): Promise<Ran> => {
  let [out, err] = ['', '']
  const status = await runProgram(
    args,
    { out: (text) => void (out += text), err: (text) => void (err += text), colours: false },
    '0.0.0',
  )
  return { status, out, err }
}
