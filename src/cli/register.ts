import { relative, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { planRegistration } from '../compile/register/register.ts'
import type { Definitions, Registering, Registration } from '../compile/register/registration.ts'
import { hasErrors } from '../kernel/diagnostic.ts'
import { appearanceText, changeText, nextText } from './register/print.ts'
import { writeFiles } from './register/write.ts'
import { writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'

type Options = {
  readonly target?: string
  readonly proto?: readonly string[]
  readonly descriptors?: string
  readonly reflect?: true
  readonly include: readonly string[]
  readonly tls?: true
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly identity?: 'forward' | 'none'
  readonly expose?: string
  readonly route?: string
  readonly dir: string
  readonly allowBreaking?: true
  readonly dryRun?: true
}

export const registerCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('register')
    .summary('add a gRPC service by its definitions, or update one')
    .description(
      [
        'Adds a gRPC service to the workspace, prints what clients will see of it and why, and writes only what compiles.',
        'A service that is there already is updated: its new definitions are compared with those of now, and a change',
        'that breaks clients is refused (exit 1) unless --allow-breaking says otherwise.',
      ].join('\n'),
    )
    .argument('<name>', 'what the workspace calls it')
    .option('--target <host:port>', 'its address; `${VAR:-host:port}` takes it from the environment')
    .addOption(
      new Option(
        '--proto <file...>',
        'its .proto files; those outside of protos/ are copied there, with their imports',
      ).conflicts(['descriptors', 'reflect']),
    )
    .addOption(
      new Option('--descriptors <file>', 'a FileDescriptorSet, as `buf build -o x.binpb` or protoc write it').conflicts(
        ['proto', 'reflect'],
      ),
    )
    .addOption(
      new Option(
        '--reflect',
        'asks the service itself, and keeps what it says in protos/<name>.binpb; `reflection: true` in portico.yaml, which asks at every start, stays a choice made by hand',
      ).conflicts(['proto', 'descriptors']),
    )
    .option('--tls', 'the way to it is TLS, trusted by the system’s authorities; `tls:` in portico.yaml says more')
    .option('--ca <file>', 'the way to it is TLS, trusted by the authorities of this PEM file')
    .option('--cert <file>', 'the certificate that the gateway shows to it, in PEM')
    .option('--key <file>', 'the private key of that certificate, in PEM')
    .option('--include <dir...>', 'where files and their imports are looked up beside protos/', [])
    .addOption(
      new Option('--identity <what>', 'what it learns of the caller; `none` for a new one').choices([
        'none',
        'forward',
      ]),
    )
    .option('--expose <bff>', 'the BFF that shows it as GraphQL; made where there is none')
    .option('--route <path>', 'serve it as REST below a path such as /api/*', routePath)
    .option('--dir <dir>', 'the workspace; made where there is none', '.')
    .option('--allow-breaking', 'write even what breaks clients')
    .option('--dry-run', 'print all of it and write nothing')
    .addHelpText(
      'after',
      '\nExamples:\n  portico register library --target 127.0.0.1:50051 --proto library.proto\n  portico register library --target 127.0.0.1:50051 --reflect --expose web --route "/api/*"\n  portico register library --proto library.proto --dry-run',
    )
    .action(async (name: string, options: Options) => {
      const { dir, allowBreaking, dryRun } = options
      const registration = registrationOf(name, options)
      const found = await planRegistration(registration, process.env)
      writeDiagnostics(found.diagnostics, terminal)
      if (hasErrors(found.diagnostics) || found.appearance === undefined) {
        terminal.err('Nothing was written.\n')
        return done(1)
      }
      if (!tellChanges(found, { terminal, allowed: allowBreaking === true })) return done(1)
      if (dryRun !== true) {
        const failure = writeFiles(dir, found.files)
        if (failure !== undefined) {
          terminal.err(`Nothing was registered: ${failure}\n`)
          return done(1)
        }
      }
      tellFiles(found, { terminal, registration, written: dryRun !== true })
      terminal.out(`\n${appearanceText(found.appearance)}\n${nextText(found, dir)}\n`)
    })

const routePath = (text: string): string => {
  if (/^\/.*\*$/.test(text)) return text
  throw new InvalidArgumentError('Expected a path that ends with /*, such as /api/*.')
}

const registrationOf = (name: string, options: Options): Registration => {
  const { target, identity, expose, route, include, dir } = options
  const definitions = definitionsOf(options)
  return { name, dir, target, tls: tlsOf(options), definitions, include, identity, expose, route }
}

/** Files are named from where the command runs, and in `portico.yaml` from the workspace. */
const tlsOf = ({ tls, ca, cert, key, dir }: Options): Registration['tls'] => {
  const files = Object.entries({ ca, cert, key }).flatMap(([member, file]) =>
    file === undefined ? [] : [[member, relative(resolve(dir), resolve(file)).replaceAll('\\', '/')]],
  )
  return tls === true || files.length > 0 ? Object.fromEntries(files) : undefined
}

const definitionsOf = ({ proto, descriptors, reflect }: Options): Definitions | undefined => {
  if (proto !== undefined) return { from: 'proto', files: proto }
  if (descriptors !== undefined) return { from: 'descriptors', file: descriptors }
  return reflect === true ? { from: 'reflection' } : undefined
}

/** Whether the registration goes on. */
const tellChanges = (
  { changes }: Registering,
  { terminal, allowed }: { readonly terminal: Terminal; readonly allowed: boolean },
): boolean => {
  const breaking = changes.filter((change) => change.breaking)
  const added = changes.filter((change) => !change.breaking)
  if (added.length > 0)
    terminal.out(`${added.map((change) => `new  ${change.service}  ${coordinateText(change)}`).join('\n')}\n\n`)
  if (breaking.length === 0) return true
  terminal.err(`${breaking.map(changeText).join('\n\n')}\n\n`)
  const what = `${breaking.length} ${breaking.length === 1 ? 'change breaks' : 'changes break'} clients`
  terminal.err(
    allowed
      ? `${what}; --allow-breaking lets ${breaking.length === 1 ? 'it' : 'them'} pass.\n\n`
      : `${what}. Nothing was written; --allow-breaking registers it all the same.\n`,
  )
  return allowed
}

const coordinateText = ({ coordinate, now }: Registering['changes'][number]): string =>
  now === undefined ? coordinate : `${coordinate}  ${now.text}`

const tellFiles = (
  { files, fresh }: Registering,
  { terminal, registration, written }: { terminal: Terminal; registration: Registration; written: boolean },
): void => {
  const verb = written ? 'wrote' : 'would write'
  for (const [file, { from }] of files)
    terminal.out(
      `${verb} ${registration.dir === '.' ? '' : `${registration.dir}/`}${file}${from === undefined ? '' : `  (from ${from})`}\n`,
    )
  if (files.size === 0) terminal.out(`${registration.name} is registered so already; nothing is to be written.\n`)
  if (fresh.service && registration.identity === undefined)
    terminal.out(
      `identity: none, so ${registration.name} learns nothing of the caller; --identity forward sends it the client’s own Authorization.\n`,
    )
}
