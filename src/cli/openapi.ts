import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { stringify } from 'yaml'
import { compileWorkspace } from '../compile/compile.ts'
import { contractFiles } from '../compile/contract.ts'
import { type DocumentedApi, documentedApis, openApiDocument } from '../compile/openapi.ts'
import type { Plan } from '../compile/plan.ts'
import { didYouMean } from '../kernel/diagnostic.ts'
import { writeDiagnostics } from './report.ts'
import type { Exit, Terminal } from './terminal.ts'

type Options = {
  readonly route?: string
  readonly bff?: string
  readonly server?: string
  readonly format: 'json' | 'yaml'
  readonly out?: string
  readonly contract?: true
}

export const openapiCommand = (terminal: Terminal, done: (exit: Exit) => void): Command =>
  new Command('openapi')
    .summary('print the OpenAPI document of what is served')
    .description(
      'Prints an OpenAPI 3.1 document of the endpoints of BFFs and of transcoded routes: their addresses, answers and errors, with the words of operations, schemas and protos.',
    )
    .argument('[dir]', 'the workspace', '.')
    .option('--route <path>', 'one transcoded route, as portico.yaml has it; everything in one document without this')
    .option('--bff <name>', 'the endpoints of one BFF')
    .option('--server <url>', 'where clients reach the gateway, such as https://api.shop.example', readServer)
    .addOption(new Option('--format <format>', 'how it is written').choices(['json', 'yaml']).default('json'))
    .option('--out <file>', 'a file to write instead of standard output')
    .option('--contract', 'write contracts/<bff>.json of each BFF, which `portico check` compares with from then on')
    .addHelpText(
      'after',
      "\nExamples:\n  portico openapi --bff mobile\n  portico openapi --route '/api/*' --format yaml --out api.yaml",
    )
    .action(async (dir: string, { route, bff, server, format, out, contract }: Options) => {
      const { plan, diagnostics } = await compileWorkspace(dir, process.env)
      if (plan === undefined) {
        writeDiagnostics(diagnostics, terminal)
        return done(1)
      }
      const all = documentedApis(plan)
      const wanted = [
        ...(route === undefined ? [] : [wantedRoute(route)]),
        ...(bff === undefined ? [] : [wantedBff(bff)]),
      ]
      const missing = wanted.find(({ is }) => !all.some(is))
      if (all.length === 0 || missing !== undefined) {
        terminal.err(`${missing === undefined || all.length === 0 ? nothing : missing.mistake(all)}\n`)
        return done(1)
      }
      if (contract === true) return done(writeContracts(plan, bff, terminal))
      const apis = wanted.length === 0 ? all : all.filter((api) => wanted.some(({ is }) => is(api)))
      const document = openApiDocument(apis, plan, server)
      const text = format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : stringify(document, yamlForm)
      if (out === undefined) terminal.out(text)
      else done(write(out, text, terminal))
    })

const write = (file: string, text: string, { err }: Terminal): Exit => {
  try {
    writeFileSync(file, text)
    return 0
  } catch (error) {
    err(`${file} cannot be written: ${(error as Error).message}\n`)
    return 1
  }
}

const writeContracts = (plan: Plan, bff: string | undefined, terminal: Terminal): Exit => {
  for (const { file, text } of contractFiles(plan, bff)) {
    mkdirSync(dirname(join(plan.dir, file)), { recursive: true })
    if (write(join(plan.dir, file), text, terminal) !== 0) return 1
    terminal.out(`${file}\n`)
  }
  return 0
}

/** Other tools read aliases badly, and folded lines are hard to compare. */
const yamlForm = { aliasDuplicateObjects: false, lineWidth: 0 } as const

const nothing = 'No BFF of this workspace has endpoints and no route is transcoded: there is nothing to document.'

type Wanted = {
  readonly is: (api: DocumentedApi) => boolean
  readonly mistake: (all: readonly DocumentedApi[]) => string
}

const wantedRoute = (path: string): Wanted => ({
  is: ({ kind, route }) => kind === 'route' && route === path,
  mistake(all) {
    const routes = all.filter(({ kind }) => kind === 'route').map(({ route }) => route)
    return `There is no transcoded route ${path}.${didYouMean(path, routes)}`
  },
})

const wantedBff = (wanted: string): Wanted => ({
  is: ({ kind, name }) => kind === 'bff' && name === wanted,
  mistake(all) {
    const names = all.filter(({ kind }) => kind === 'bff').map(({ name }) => name)
    return `There is no BFF ${wanted} with endpoints.${didYouMean(wanted, names)}`
  },
})

const readServer = (text: string): string => {
  const url = URL.parse(text)
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '')
    return url.href.replace(/\/$/, '')
  throw new InvalidArgumentError('Expected an http or https URL, such as https://api.shop.example.')
}
