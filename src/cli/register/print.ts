import type { Appearance } from '../../compile/register/appearance.ts'
import type { Registering, ServiceChange } from '../../compile/register/registration.ts'
import { authorityOf } from '../../kernel/authority.ts'

/** What clients will see of a service, as tables with the reason of each line. */
export const appearanceText = ({ graphql, rest }: Appearance): string =>
  [
    ...graphql.map(({ bff, fields, left }) => {
      const head =
        bff === undefined
          ? 'GraphQL, once a BFF shows it (--expose <bff>)'
          : `GraphQL of ${bff.name}, at ${bff.address}`
      const rows = fields.map(({ kind, field, method, why }) => [capital(kind), field, method, why])
      return `${head}\n${table(rows)}${left.map((sentence) => `  ${sentence}\n`).join('')}`
    }),
    ...rest.map(({ route, bindings }) => {
      const head = route === undefined ? 'REST, once a route serves it (--route /api/*)' : `REST below ${route}`
      return `${head}\n${table(bindings.map(({ verb, path, method, why }) => [verb, path, method, why]))}`
    }),
  ].join('\n')

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

const table = (rows: readonly (readonly string[])[]): string => {
  if (rows.length === 0) return '  nothing\n'
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * A change with both of its sides and where they stand:
 *
 *     library  library.v1.Book.pages: It has another type (int64 → int32).
 *         was  protos/library/v1/library.proto:31:9  int64 pages = 4
 *         now  library.proto:31:9                    int32 pages = 4
 */
export const changeText = ({ service, coordinate, message, was, now }: ServiceChange): string => {
  const sides = [
    ['was', was],
    ['now', now],
  ] as const
  const width = Math.max(...sides.map(([, side]) => placeText(side).length))
  return [
    `${service}  ${coordinate}: ${message}`,
    ...sides.flatMap(([when, side]) =>
      side === undefined ? [] : [`    ${when}  ${placeText(side).padEnd(width)}  ${side.text}`],
    ),
  ].join('\n')
}

const placeText = (version: ServiceChange['was']): string =>
  version === undefined ? '' : `${version.place.file}:${version.place.line}:${version.place.column}`

/** Commands that try what was registered, in the order in which to run them. */
export const nextText = ({ examples, listen }: Registering, dir: string): string => {
  const host = listen === undefined ? '127.0.0.1' : ['0.0.0.0', '::'].includes(listen.host) ? '127.0.0.1' : listen.host
  const origin = `http://${authorityOf(host, listen?.port ?? 8080)}`
  const { rest, graphql } = examples ?? {}
  const json = `-H 'content-type: application/json'`
  return [
    'Next:',
    `portico dev${dir === '.' ? '' : ` ${dir}`}`,
    ...(rest === undefined
      ? []
      : [
          [
            'curl',
            ...(rest.verb === 'GET' ? [] : ['-X', rest.verb]),
            quoted(origin + rest.path),
            ...(rest.body === undefined ? [] : [json, '-d', `'${rest.body}'`]),
          ].join(' '),
        ]),
    ...(graphql === undefined
      ? []
      : [`curl ${origin}${graphql.address} ${json} -d ${quoted(JSON.stringify({ query: graphql.query }))}`]),
  ].join('\n  ')
}

/** As a shell takes it for one word. */
const quoted = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
