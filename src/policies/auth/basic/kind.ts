import { resolve } from 'node:path'
import { z } from 'zod'
import type { Diagnostic } from '../../../kernel/diagnostic.ts'
import { readText } from '../../../kernel/snapshot.ts'
import { defineProvider } from '../authenticator.ts'
import { openBasic } from './open.ts'
import { readPassword, type StoredPassword } from './password.ts'

/** Users of a file as the plan knows them: by name, with their hashed passwords. */
export type BasicProvider = {
  readonly kind: 'basic'
  readonly name: string
  readonly users: ReadonlyMap<string, StoredPassword>
  /** Whether passwords may come over connections that anybody on the way can read. */
  readonly overAnything: boolean
}

const config = z.strictObject({
  basic: z.strictObject({
    file: z
      .string()
      .describe('A file with a line `user:$scrypt$…` for each user, as `portico keys hash-password` prints them.'),
    transport: z
      .enum(['tls', 'any'])
      .default('tls')
      .describe(
        'How passwords may come: over TLS, be it of the gateway or of a trusted proxy that says so (`X-Forwarded-Proto`), or over anything.',
      ),
  }),
})

/** HTTP Basic (RFC 7617) against a file of hashed passwords. */
export const basic = defineProvider<typeof config, BasicProvider>({
  config,
  async compile(name, { basic: { file, transport } }, { workspaceDir, placeOf }) {
    const diagnostics: Diagnostic[] = []
    const refuse = (message: string): void => {
      const place = placeOf(['auth', name, 'basic', 'file'])
      const coordinate = `auth.${name}.basic.file`
      diagnostics.push({ severity: 'error', code: 'PORTICO-013', place, coordinate, message })
    }
    const users = new Map<string, StoredPassword>()
    for (const [index, line] of linesOf(resolve(workspaceDir, file))?.entries() ?? ([[-1, undefined]] as const)) {
      if (line === undefined) refuse(`There is no readable file ${file} in the workspace.`)
      else if (line.trim() !== '' && !line.startsWith('#')) {
        const colon = line.indexOf(':')
        const user = line.slice(0, Math.max(colon, 0))
        const password = readPassword(line.slice(colon + 1).trim())
        if (user === '') refuse(`Line ${index + 1} of ${file} has no user: expected user:$scrypt$….`)
        else if (users.has(user)) refuse(`Line ${index + 1} of ${file} has the user ${user} again.`)
        else if (typeof password === 'string')
          refuse(
            `Line ${index + 1} of ${file}: the password of ${user} ${password}. Make the line anew by \`portico keys hash-password ${user}\`.`,
          )
        else users.set(user, password)
      }
    }
    const provider = { kind: 'basic', name, users, overAnything: transport === 'any' } as const
    return { provider: diagnostics.length > 0 ? undefined : provider, diagnostics, files: [file] }
  },
  scheme: () => ({ type: 'http', scheme: 'basic' }),
  open: openBasic,
})

const linesOf = (path: string): readonly string[] | undefined => {
  try {
    return readText(path).split(/\r?\n/)
  } catch {
    return undefined
  }
}
