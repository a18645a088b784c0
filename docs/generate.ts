import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { diff } from 'node:util'
import { buildASTSchema, type GraphQLInputType, isInputObjectType, isScalarType, specifiedDirectives } from 'graphql'
import { workspaceConfig } from '../src/compile/config.ts'
import { editorSchema } from '../src/config/json-schema.ts'
import { planned } from '../src/config/planned.ts'
import { configReference } from '../src/config/reference.ts'
import { prelude, preludeScalars } from '../src/graph/prelude.ts'
import { codeGroups } from '../src/kernel/codes/codes.ts'
import type { CodeEntry } from '../src/kernel/codes/entry.ts'

/** `node docs/generate.ts` writes what the code alone can say; `--check` fails where the files say otherwise. */

type Documented = {
  readonly name: string
  readonly type: GraphQLInputType
  readonly description?: string | null | undefined
  readonly defaultValue?: unknown
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const table = (first: string, rows: readonly Documented[]): string =>
  [
    `| ${first} | type | default | what it is |`,
    '|---|---|---|---|',
    ...rows.map(({ name, type, defaultValue, description }) => {
      const standard = defaultValue === undefined ? '' : `\`${JSON.stringify(defaultValue)}\``
      return `| ${[`\`${name}\``, `\`${String(type)}\``, standard, description ?? ''].map(cell).join(' | ')} |`
    }),
  ].join('\n')

const directivesReference = (): string => {
  const schema = buildASTSchema(prelude, { assumeValidSDL: true })
  const standard = new Set(specifiedDirectives.map(({ name }) => name))
  const directives = schema.getDirectives().filter(({ name }) => !standard.has(name))
  const types = Object.values(schema.getTypeMap())
  return `${[
    '# Directives',
    "What a schema may say beside plain SDL. Names of hosts, secrets and retries stand in `portico.yaml`. Placeholders in templates are `{root.path}` with a `??` default and pipes (`join(',')`, `json`, `lower`, `upper`, `base64`); roots are `args`, `this`, `keys`, `claims` and `header`.",
    ...directives.flatMap(({ name, description, locations, args }) => [
      `## @${name}`,
      description ?? '',
      `Stands on ${locations.map((location) => `\`${location}\``).join(', ')}.`,
      ...(args.length > 0 ? [table('argument', args)] : []),
    ]),
    ...types
      .filter(isInputObjectType)
      .flatMap((type) => [`## ${type.name}`, type.description ?? '', table('field', Object.values(type.getFields()))]),
    '## Scalars',
    'Usable without a declaration; those that are used reach the schema of clients.',
    [
      '| scalar | what it is |',
      '|---|---|',
      ...types
        .filter((type) => isScalarType(type) && preludeScalars.has(type.name))
        .map(({ name, description }) => `| \`${name}\` | ${cell(description ?? '')} |`),
    ].join('\n'),
  ].join('\n\n')}\n`
}

const notYet = (): string =>
  [
    '## Not yet',
    '',
    '`check` knows these settings and refuses them: they are planned, and this version does not have them. `*` stands for a name or index, `=` for that value alone.',
    '',
    '| setting | what is missing |',
    '|---|---|',
    ...Object.entries<string>(planned).map(([setting, missing]) => `| \`${setting}\` | ${cell(missing)} |`),
    '',
  ].join('\n')

const diagnosticsReference = (): string =>
  `${[
    '# Diagnostics',
    'Every mistake `portico check` finds, and every finding of `portico audit`, has a code that stays. `portico check --explain PORTICO-401` prints a section of this page; `--format json` and `--format sarif` print diagnostics for programs. Exit status 1 says that there is an error; warnings alone exit 0; 2 says that the arguments were wrong.',
    ...codeGroups.flatMap(({ title, codes }) => [
      `## ${title}`,
      ...Object.entries<CodeEntry>(codes)
        .toSorted(([a], [b]) => a.localeCompare(b))
        .flatMap(([code, { severity, title: name, cause, fix, example }]) => [
          `### ${code}: ${name}`,
          `${severity.charAt(0).toUpperCase()}${severity.slice(1)}. ${cause}`,
          ...(example === undefined ? [] : [`\`\`\`text\n${example}\n\`\`\``]),
          `To mend it: ${fix.charAt(0).toLowerCase()}${fix.slice(1)}`,
        ]),
    ]),
  ].join('\n\n')}\n`

const generated: Readonly<Record<string, () => string>> = {
  'portico.schema.json': () => `${JSON.stringify(editorSchema(workspaceConfig), null, 2)}\n`,
  'docs/reference/configuration.md': () => `${configReference(workspaceConfig)}\n${notYet()}`,
  'docs/reference/directives.md': directivesReference,
  'docs/reference/diagnostics.md': diagnosticsReference,
}

const written = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const check = process.argv.includes('--check')
for (const [file, make] of Object.entries(generated)) {
  const text = make()
  const before = written(file)
  if (before === text) continue
  if (check) {
    const changes = diff(before.split('\n'), text.split('\n')).filter(([sign]) => sign !== 0)
    const lines = changes.slice(0, 20).map(([sign, line]) => `  ${sign === 1 ? '-' : '+'} ${line}`)
    console.error(`${file} is not what the code says; run \`npm run generate\`:\n${lines.join('\n')}`)
    process.exitCode = 1
  } else {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    console.log(file)
  }
}
