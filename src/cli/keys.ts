import { writeSync } from 'node:fs'
import { userInfo } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { addKey, keyFileOf, listKeys, passwordLine, revokeKey, rotateKey } from '../compile/keys.ts'
import { parseDuration } from '../kernel/units.ts'
import { type AuditEvent, auditLine, openAuditFile } from '../telemetry/audit-log.ts'
import { mayHold, type RightsOptions, rightsOf } from './key-rights.ts'
import { writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'

/** `portico keys`: the keys of an `apiKey` provider, and lines for a `basic` one. */
export const keysCommand = (terminal: Terminal, done: (exit: Exit) => void): Command => {
  const fileOf = (dir: string, provider: string): Kept | undefined => {
    const found = keyFileOf(dir, provider, process.env)
    if ('file' in found) return { file: found.file, tell: teller(found.audit, provider) }
    if ('diagnostics' in found) writeDiagnostics(found.diagnostics, terminal)
    else terminal.err(`${found.mistake}\n`)
    done(1)
    return undefined
  }
  const refuse = (mistake: string): void => {
    terminal.err(`${mistake}\n`)
    done(1)
  }
  const handOver = (made: ReturnType<typeof addKey>, tell: (key: Named) => void): void => {
    if ('mistake' in made) return refuse(made.mistake)
    tell(made.stored)
    terminal.out(`${made.key}\n`)
    terminal.err('This is the only time that the key is shown: what is kept of it is a hash.\n')
  }
  const dirOption = ['--dir <dir>', 'the workspace', '.'] as const

  const create = new Command('create')
    .summary('make a key and print it, once')
    .argument('<provider>', 'an entry of `auth:` with `apiKey`')
    .requiredOption('--owner <name>', 'whose it is: the subject of its requests')
    .option('--expires <duration>', 'how long it is good, such as 90d; for ever when absent', readDuration)
    .option(...dirOption)
    .action((provider: string, { owner, expires, dir, ...given }: CreateOptions) => {
      const kept = fileOf(dir, provider)
      if (kept === undefined) return
      const tell = kept.tell()
      const now = new Date()
      handOver(addKey(kept.file, { owner, ...rightsOf(given), expires: later(now, expires) }, now), (key) =>
        tell('key.created', key),
      )
    })
  mayHold(create)
  const list = new Command('list')
    .summary('print what is kept of each key')
    .argument('<provider>')
    .option('--json', 'as JSON')
    .option(...dirOption)
    .action((provider: string, { json, dir }: { json?: boolean; dir: string }) => {
      const kept = fileOf(dir, provider)
      if (kept === undefined) return
      const listed = listKeys(kept.file)
      if ('mistake' in listed) return refuse(listed.mistake)
      const shown = (name: string, value: unknown): unknown => (name === 'hash' ? undefined : value)
      if (json === true) return terminal.out(`${JSON.stringify(listed.keys, shown, 2)}\n`)
      for (const { id, owner, plan, scopes, roles, groups, claims, expires, revoked } of listed.keys) {
        const more = [...roles.map((role) => `role:${role}`), ...groups.map((group) => `group:${group}`)]
        const held = [...scopes, ...more, ...Object.keys(claims).map((name) => `claim:${name}`)].join(',')
        terminal.out(`${[id, owner, plan ?? '-', held || '-', stateOf(expires, revoked)].join('  ')}\n`)
      }
    })
  const revoke = new Command('revoke')
    .summary('end a key now')
    .argument('<provider>')
    .argument('<id>', 'the 16 digits after `portico_`')
    .option(...dirOption)
    .action((provider: string, id: string, { dir }: { dir: string }) => {
      const kept = fileOf(dir, provider)
      if (kept === undefined) return
      const tell = kept.tell()
      const revoked = revokeKey(kept.file, id, new Date())
      if ('mistake' in revoked) return refuse(revoked.mistake)
      tell('key.revoked', revoked.stored)
      terminal.out(`${id} of ${revoked.stored.owner} is revoked.\n`)
    })
  const rotate = new Command('rotate')
    .summary('make a key with the rights of another, which goes on for a while')
    .argument('<provider>')
    .argument('<id>', 'the 16 digits after `portico_`')
    .option('--grace <duration>', 'how long the old one goes on', readDuration, 86_400_000)
    .option('--expires <duration>', 'how long the new one is good; for ever when absent', readDuration)
    .option(...dirOption)
    .action((provider: string, id: string, { grace, expires, dir }: RotateOptions) => {
      const kept = fileOf(dir, provider)
      if (kept === undefined) return
      const tell = kept.tell()
      const now = new Date()
      const until = new Date(now.getTime() + grace)
      handOver(rotateKey(kept.file, id, { now, until, expires: later(now, expires) }), (key) =>
        tell('key.rotated', key, { replaces: id }),
      )
    })
  const hash = new Command('hash-password')
    .summary('print the line of a user for a `basic` provider; the password is read from standard input')
    .argument('<user>')
    .action(async (user: string, given: RightsOptions) => {
      const line = await passwordLine(user, await readLine(), rightsOf(given))
      if (typeof line !== 'string') return refuse(line.mistake)
      terminal.out(`${line}\n`)
    })
  mayHold(hash)
  const keys = new Command('keys').summary('make, list, revoke and rotate API keys; hash passwords')
  for (const command of [create, list, revoke, rotate, hash]) keys.addCommand(command)
  keys.addHelpText(
    'after',
    '\nExamples:\n  portico keys create partners --owner acme --plan gold --scope orders:read --role buyer --expires 90d\n  portico keys list partners\n  portico keys rotate partners 3f0c52a9d1e88b07 --grace 24h\n  portico keys hash-password ada --role admin < password.txt',
  )
  return keys
}

type Named = { readonly id: string; readonly owner: string }

/** A file of keys, and the audit log: opened before anything is changed, for what cannot be told is not done. */
type Kept = {
  readonly file: string
  readonly tell: () => (event: AuditEvent, key: Named, more?: { readonly replaces: string }) => void
}

const teller =
  (audit: string | undefined, provider: string): Kept['tell'] =>
  () => {
    if (audit === undefined) return () => undefined
    const file = openAuditFile(audit)
    return (event, { id, owner }, more) => {
      writeSync(file, auditLine(event, { provider, id, owner, ...more, by: userInfo().username }))
    }
  }

type CreateOptions = RightsOptions & {
  readonly owner: string
  readonly expires?: number
  readonly dir: string
}

type RotateOptions = { readonly grace: number; readonly expires?: number; readonly dir: string }

const readDuration = (text: string): number => {
  const milliseconds = parseDuration(text)
  if (milliseconds === undefined) throw new InvalidArgumentError('Expected a duration such as 12h or 90d.')
  return milliseconds
}

const later = (now: Date, milliseconds: number | undefined): Date | undefined =>
  milliseconds === undefined ? undefined : new Date(now.getTime() + milliseconds)

const stateOf = (expires: string | undefined, revoked: string | undefined): string => {
  if (revoked !== undefined) return `revoked ${revoked}`
  if (expires === undefined) return 'for ever'
  return `${Date.parse(expires) <= Date.now() ? 'expired' : 'until'} ${expires}`
}

/** The first line of standard input: an argument would be seen by whoever lists processes. */
const readLine = async (): Promise<string> => {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.split('\n', 1)[0]?.replace(/\r$/, '') ?? ''
}
