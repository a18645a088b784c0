import { Command, CommanderError } from 'commander'
import { auditCommand } from './audit.ts'
import { checkCommand } from './check.ts'
import { devCommand } from './dev.ts'
import { explainCommand } from './explain.ts'
import { initCommand } from './init.ts'
import { keysCommand } from './keys.ts'
import { openapiCommand } from './openapi.ts'
import { registerCommand } from './register.ts'
import { typesCommand } from './resolver-types.ts'
import { routesCommand } from './routes.ts'
import { scaffoldCommand } from './scaffold.ts'
import { startCommand } from './start.ts'
import type { Exit, Terminal } from './terminal.ts'

/** Runs the command that the arguments name, until it is done. Exit 2 says that the arguments were wrong. */
export const runProgram = async (args: readonly string[], terminal: Terminal, version: string): Promise<Exit> => {
  let exit: Exit = 0
  const done = (status: Exit): void => {
    exit = status
  }
  const program = new Command('portico')
    .description(
      'One entry point between apps and services: GraphQL, tailored REST and proxy routes from one workspace.',
    )
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(portico --help lists the commands)')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
  for (const make of [
    startCommand,
    devCommand,
    checkCommand,
    auditCommand,
    explainCommand,
    routesCommand,
    openapiCommand,
    keysCommand,
    registerCommand,
    scaffoldCommand,
    typesCommand,
    initCommand,
  ]) {
    const command = make(terminal, done)
    program.addCommand(command.copyInheritedSettings(program))
    for (const one of command.commands) one.copyInheritedSettings(command)
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
  return exit
}
