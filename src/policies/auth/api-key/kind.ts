import { resolve } from 'node:path'
import { z } from 'zod'
import { defineProvider } from '../authenticator.ts'
import { readKeys } from './file.ts'
import { identityOf, openApiKeys } from './open.ts'
import type { ApiKeyProvider } from './provider.ts'

const config = z.strictObject({
  apiKey: z.strictObject({
    file: z
      .string()
      .describe('A file of hashed keys, relative to the workspace, that `portico keys` writes: keys/partners.json.'),
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]+$/, { error: 'Expected the name of a header, such as x-api-key.' })
      .default('x-api-key')
      .describe('The header that bears a key.'),
    query: z
      .string()
      .regex(/^[\w-]+$/, { error: 'Expected the name of a parameter, such as api_key.' })
      .optional()
      .describe(
        'A parameter of the query that may bear it instead. Addresses are written down in many places: a header is better.',
      ),
  }),
})

/** API keys, made by `portico keys create`. */
export const apiKey = defineProvider<typeof config, ApiKeyProvider>({
  config,
  async compile(name, { apiKey: { file, header, query } }, { workspaceDir, placeOf }) {
    const read = readKeys(resolve(workspaceDir, file))
    if ('keys' in read) {
      const provider = { kind: 'apiKey', name, header: header.toLowerCase(), query, keys: read.keys } as const
      return { provider, diagnostics: [], files: [file] }
    }
    const message = `${file} ${read.mistake}. \`portico keys create ${name} --owner …\` makes it and its first key.`
    const place = placeOf(['auth', name, 'apiKey', 'file'])
    const coordinate = `auth.${name}.apiKey.file`
    return {
      provider: undefined,
      diagnostics: [{ severity: 'error', code: 'PORTICO-013', place, coordinate, message }],
      files: [file],
    }
  },
  // A scheme has one place. The other is said in words: as a scheme of its own it would invite clients to take it.
  scheme: ({ header, query }) => ({
    type: 'apiKey',
    in: 'header',
    name: header,
    ...(query === undefined ? {} : { description: `The parameter \`${query}\` of the query is taken in its place.` }),
  }),
  holders({ name, keys }) {
    const good = keys.filter(({ revoked }) => revoked === undefined)
    // A file without keys is one whose first key is yet to be made.
    return good.length === 0 ? undefined : { all: good.map((key) => identityOf(name, key)), called: 'key' }
  },
  open: openApiKeys,
})
