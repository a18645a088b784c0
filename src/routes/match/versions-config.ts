import { z } from 'zod'
import { nameKey } from '../../config/scalars.ts'

const by = z.union([
  z.strictObject({
    header: z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'Expected the name of a header.' }),
  }),
  z.strictObject({ query: z.string().min(1) }),
  z.strictObject({
    mediaType: z.string().regex(/^[^{}\s]+\{version\}[^{}\s]*$/, {
      error: 'A media type with {version} in it, such as application/vnd.shop.v{version}+json.',
    }),
  }),
  z.strictObject({ parameter: z.string().min(1) }),
])

/** A proxy route of several versions: this stands in place of `service`. */
export const versionsConfig = z
  .strictObject({
    by: by.describe(
      'What of a request names the version: `{ header: x-api-version }`, `{ query: v }`, `{ mediaType: "application/vnd.shop.v{version}+json" }` of Accept, or `{ parameter: version }` of the path.',
    ),
    default: z
      .string({ error: 'Expected text; put numbers in quotes.' })
      .optional()
      .describe('The version of requests that name none; they are refused where it is absent.'),
    of: z
      .record(
        z.string().regex(/^[A-Za-z0-9._-]+$/, { error: 'A version has letters, digits, dots and dashes.' }),
        z.strictObject({
          service: nameKey.describe('The REST service that answers this version.'),
          deprecated: z
            .string()
            .optional()
            .describe('From when on it should not be used: a date, said by Deprecation (RFC 9745).'),
          sunset: z.string().optional().describe('From when on it may be gone: a date, said by Sunset (RFC 8594).'),
          successor: z.string().optional().describe('Where its successor is: a path or URL.'),
          notice: z.string().optional().describe('Where its end is explained: a path or URL.'),
        }),
      )
      .refine((versions) => Object.keys(versions).length > 0, { error: 'Expected at least one version.' })
      .describe('The versions, by name.'),
  })
  .describe('The versions of an API behind one path, each with a service of its own.')
