import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'

/** The files of the page, each from its package; a built Portico brings them in a folder beside this file. */
const files = {
  'react.js': { package: 'react', path: 'umd/react.production.min.js', type: 'text/javascript' },
  'react-dom.js': { package: 'react-dom', path: 'umd/react-dom.production.min.js', type: 'text/javascript' },
  'graphiql.js': { package: 'graphiql', path: 'graphiql.min.js', type: 'text/javascript' },
  'graphiql.css': { package: 'graphiql', path: 'graphiql.min.css', type: 'text/css' },
} as const

const bundled = fileURLToPath(new URL('./graphiql-files', import.meta.url))

/** Where a file of the page lies; undefined where the package is not installed. */
export const graphiqlFile = (name: keyof typeof files): string | undefined => {
  if (existsSync(bundled)) return join(bundled, name)
  try {
    const { package: owner, path } = files[name]
    return join(dirname(createRequire(import.meta.url).resolve(`${owner}/package.json`)), path)
  } catch {
    return undefined
  }
}

export const graphiqlFiles = Object.keys(files) as (keyof typeof files)[]

const page = (base: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}/graphiql.css">
<style>html, body, #graphiql { height: 100%; margin: 0 }</style>
</head>
<body>
<div id="graphiql"></div>
<script src="${base}/react.js"></script>
<script src="${base}/react-dom.js"></script>
<script src="${base}/graphiql.js"></script>
<script src="${base}/start.js"></script>
</body>
</html>
`

const start = (endpoint: string): string => `'use strict'
const fetcher = GraphiQL.createFetcher({ url: ${JSON.stringify(endpoint)} })
ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, { fetcher, shouldPersistHeaders: true, defaultEditorToolsVisibility: 'headers' }),
)
`

/** Nothing is loaded from another host: the page works offline, and no script of a stranger runs in it. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"

/** Serves GraphiQL at `<prefix>/graphiql`, for the GraphQL endpoint at `endpoint`. */
export const mountGraphiql = (
  scope: FastifyInstance,
  { prefix, endpoint }: { prefix: string; endpoint: string },
): void => {
  const base = `${prefix}/graphiql`
  scope.get(base, (_request, reply) =>
    reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(page(base)),
  )
  scope.get(`${base}/start.js`, (_request, reply) => reply.type('text/javascript; charset=utf-8').send(start(endpoint)))
  for (const name of graphiqlFiles) {
    const file = graphiqlFile(name)
    if (file === undefined) continue
    scope.get(`${base}/${name}`, async (_request, reply) =>
      reply
        .type(`${files[name].type}; charset=utf-8`)
        .header('cache-control', 'max-age=3600')
        .send(await readFile(file)),
    )
  }
}
