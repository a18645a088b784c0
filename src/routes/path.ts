import { z } from 'zod'
import { canonicalPath } from '../kernel/path.ts'
import type { PathTemplate } from './transcode/template.ts'

/** The path of a route, taken apart. */
export type RoutePath = PathTemplate & {
  /** The path without its wildcard: `/users`; empty for `/*`. */
  readonly prefix: string
  /** Whether paths below the prefix match too. */
  readonly below: boolean
}

const segment = "[A-Za-z0-9._~!$&'()+,;=:@-]+"
const form = new RegExp(`^(/(${segment}|\\{[A-Za-z][A-Za-z0-9_]*\\}))*(/\\*)?$|^/$`)

/** Written paths: `/status`, `/users/{id}`, `/users/*`. */
export const routePath = z
  .string()
  .regex(form, {
    error: 'A path such as /users/*, /users/{id} or /status; `*` only as the last segment, `{name}` as a whole one.',
    abort: true,
  })
  .refine((path) => canonicalPath(path.replaceAll(/[{}*]/g, '')) !== undefined && !/\/\.\.?(\/|$)/.test(path), {
    error: 'No request has such a path: dot segments are resolved before routes are looked at.',
  })
  .refine((path) => !path.includes('/:'), { error: 'A parameter is written {id}; `:id` would be text.' })
  .refine((path) => new Set(parametersOf(path)).size === parametersOf(path).length, {
    error: 'Every parameter needs a name of its own.',
  })

const parametersOf = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

/** Takes a written path apart. */
export const parseRoutePath = (text: string): RoutePath => {
  const below = text.endsWith('/*')
  const prefix = below ? text.slice(0, -2) : text
  const written = prefix === '' || prefix === '/' ? [] : prefix.slice(1).split('/')
  return {
    text,
    prefix,
    below,
    verb: '',
    segments: [
      ...written.map((part) => (part.startsWith('{') ? one : { kind: 'literal' as const, text: part })),
      ...(below ? [{ kind: 'many' as const }] : []),
    ],
    variables: written.flatMap((part, index) =>
      part.startsWith('{')
        ? [{ path: part.slice(1, -1), at: text.indexOf(part), from: index, to: index + 1, multi: false }]
        : [],
    ),
  }
}

const one = { kind: 'one' } as const
