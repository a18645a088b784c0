import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import type { Exit, Terminal } from './terminal.ts'

/** A workspace that runs: one REST service in a file of its own, a schema over it, and one tailored endpoint. */
const files: Readonly<Record<string, string>> = {
  'portico.yaml': `listen: \${PORTICO_LISTEN:-127.0.0.1:8080}

services:
  greeter:
    rest: \${GREETER_URL:-http://127.0.0.1:5000}
    identity: none

bffs:
  web:                                  # POST and GET /web/graphql
    prefix: /web
    schema: schema/web.graphql
  mobile:                               # GET /mobile/greetings/{name}
    prefix: /mobile
    schema: schema/web.graphql
    operations: schema/mobile/*.graphql

routes:                                 # everything else is passed on as it is
  - path: /greetings/*
    service: greeter
`,
  'schema/web.graphql': `type Query {
  greeting(name: String!): Greeting! @rest(service: "greeter", get: "/greetings/{args.name}")
}

type Greeting {
  text: String!
  letters: Int! @from(path: "letter_count")
}
`,
  'schema/mobile/greeting.graphql': `query Greeting($name: String!) @endpoint(get: "/greetings/{name}", unwrap: "greeting") {
  greeting(name: $name) { text }
}
`,
  'greeter.mjs': `// The service behind this workspace: node greeter.mjs
import { createServer } from 'node:http'

createServer((request, response) => {
  const name = decodeURIComponent(request.url.split('/')[2] ?? '')
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ text: \`Hello, \${name}!\`, letter_count: name.length }))
}).listen(Number(process.env.PORT ?? 5000), '127.0.0.1', function () {
  console.log(\`greeter listens on http://127.0.0.1:\${this.address().port}\`)
})
`,
}

export const initCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('init')
    .summary('lay a small workspace that runs')
    .description(
      'Writes a workspace of a few files: a service, a schema over it, a GraphQL API and one tailored endpoint. Overwrites nothing.',
    )
    .argument('[dir]', 'where', '.')
    .addHelpText('after', '\nExample:\n  portico init hello && cd hello && node greeter.mjs & portico dev hello')
    .action((dir: string) => {
      const taken = Object.keys(files).filter((file) => existsSync(join(dir, file)))
      if (taken.length > 0) {
        terminal.err(`${taken.join(', ')} ${taken.length === 1 ? 'is' : 'are'} there already; nothing was written.\n`)
        return done(1)
      }
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(dir, file)), { recursive: true })
        writeFileSync(join(dir, file), text)
        terminal.out(`wrote ${join(dir, file)}\n`)
      }
      const at = dir === '.' ? '' : ` ${dir}`
      terminal.out(
        `\nNext: node ${join(dir, 'greeter.mjs')} and, beside it, portico dev${at}; then\n  curl http://127.0.0.1:8080/mobile/greetings/Ada\n`,
      )
    })
