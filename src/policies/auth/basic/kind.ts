import { resolve } from 'node:path'
import { z } from 'zod'
import type { Diagnostic } from '../../../kernel/diagnostic.ts'
import { readText } from '../../../kernel/snapshot.ts'
import { defineProvider } from '../authenticator.ts'
import { holderIdentity, type Rights, readRights } from '../rights.ts'
import { openBasic } from './open.ts'
import { readPassword } from './password.ts'
import type { BasicProvider, StoredUser } from './provider.ts'

const config = z.strictObject({
  basic: z.strictObject({
    file: z
      .string()
      .describe(
        'A file with a line `user:$scrypt$…` for each user, as `portico keys hash-password` prints them; after a further colon what the user may, as JSON: `{"roles":["admin"]}`.',
      ),
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
    const users = new Map<string, StoredUser>()
    for (const [index, line] of linesOf(resolve(workspaceDir, file))?.entries() ?? ([[-1, undefined]] as const)) {
      if (line === undefined) refuse(`There is no readable file ${file} in the workspace.`)
      else if (line.trim() !== '' && !line.startsWith('#')) {
        const colon = line.indexOf(':')
        const user = line.slice(0, Math.max(colon, 0))
        // No form of a hashed password has a colon.
        const [hash = '', ...more] = line
          .slice(colon + 1)
          .trim()
          .split(':')
        const password = readPassword(hash)
        const rights = rightsIn(more.join(':'))
        if (user === '') refuse(`Line ${index + 1} of ${file} has no user: expected user:$scrypt$….`)
        else if (users.has(user)) refuse(`Line ${index + 1} of ${file} has the user ${user} again.`)
        else if (typeof password === 'string')
          refuse(
            `Line ${index + 1} of ${file}: the password of ${user} ${password}. Make the line anew by \`portico keys hash-password ${user}\`.`,
          )
        else if (typeof rights === 'string')
          refuse(
            `Line ${index + 1} of ${file}: what ${user} may is not understood (${rights}). Expected JSON such as {"roles":["admin"]}.`,
          )
        else users.set(user, { password, rights })
      }
    }
    const provider = { kind: 'basic', name, users, overAnything: transport === 'any' } as const
    return { provider: diagnostics.length > 0 ? undefined : provider, diagnostics, files: [file] }
  },
  scheme: () => ({ type: 'http', scheme: 'basic' }),
  holders({ name, users }) {
    const all = [...users].map(([user, { rights }]) => holderIdentity({ provider: name, subject: user }, rights))
    return all.length === 0 ? undefined : { all, called: 'user' }
  },
  open: openBasic,
})

const rightsIn = (text: string): Rights | string => {
  try {
    return readRights(text === '' ? {} : JSON.parse(text))
  } catch {
    return 'no JSON'
  }
}

const linesOf = (path: string): readonly string[] | undefined => {
  try {
    return readText(path).split(/\r?\n/)
  } catch {
    return undefined
  }
}
