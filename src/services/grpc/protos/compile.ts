import { join, resolve } from 'node:path'
import type { HostPort } from '../../../config/scalars.ts'
import { authorityOf } from '../../../kernel/authority.ts'
import type { Code } from '../../../kernel/codes/codes.ts'
import type { Diagnostic, Place } from '../../../kernel/diagnostic.ts'
import { askedOnce, entryAt, readBytes } from '../../../kernel/snapshot.ts'
import type { TlsSettings } from '../../tls.ts'
import { loadDescriptorSet, maxDescriptorBytes } from './descriptor-set.ts'
import type { LoadedProtos } from './loading.ts'
import { reflectDescriptors } from './reflection.ts'
import { loadProtos } from './text.ts'

/** Where a service's definitions come from, as it is written. */
export type DefinitionsConfig = {
  readonly proto?: readonly string[] | undefined
  readonly include?: readonly string[] | undefined
  readonly descriptors?: string | undefined
  readonly reflection?: { readonly target?: HostPort | undefined; readonly timeout?: number | undefined } | undefined
}

export type DefinitionsSurroundings = {
  /** The service's name in the workspace. */
  readonly service: string
  readonly workspaceDir: string
  readonly placeOf: (path: readonly (string | number)[]) => Place
  /** Where the service is, for reflection. */
  readonly target: HostPort | undefined
  readonly tls: TlsSettings | undefined
}

const ways = ['proto', 'descriptors', 'reflection'] as const

/** The definitions of a service, by the one way that its settings name. */
export const compileDefinitions = async (
  config: DefinitionsConfig,
  surroundings: DefinitionsSurroundings,
): Promise<LoadedProtos> => {
  const { service } = surroundings
  const { proto, include = [], descriptors, reflection } = config
  const given = ways.filter((way) => config[way] !== undefined)
  const [way] = given
  const refuse = (setting: readonly (string | number)[], message: string): LoadedProtos => ({
    diagnostics: [mistake(surroundings, setting, { code: 'PORTICO-805', message })],
  })
  if (way === undefined)
    return refuse(
      [],
      `Service ${service} needs its definitions: \`proto\` (files), \`descriptors\` (a descriptor set) or \`reflection: true\` (the service is asked).`,
    )
  if (given.length > 1) {
    const named = given.map((one) => `\`${one}\``).join(' and ')
    return refuse([given[1] ?? way], `Definitions come from one place: take one of ${named}.`)
  }
  if (way !== 'proto' && include.length > 0)
    return refuse(['include'], `\`include\` is for \`proto\`: there is nothing to look up for \`${way}\`.`)
  if (proto !== undefined) return loadTexts({ proto, include }, surroundings)
  if (descriptors !== undefined) return loadSet(descriptors, surroundings)
  return reflect(reflection ?? {}, surroundings)
}

const mistake = (
  { service, placeOf }: DefinitionsSurroundings,
  setting: readonly (string | number)[],
  { code, message }: { readonly code: Code; readonly message: string },
): Diagnostic => ({
  severity: 'error',
  code,
  place: placeOf(['services', service, ...setting]),
  coordinate: ['services', service, ...setting.slice(0, 1)].join('.'),
  message,
})

type Texts = { readonly proto: readonly string[]; readonly include: readonly string[] }

const loadTexts = ({ proto, include }: Texts, surroundings: DefinitionsSurroundings): LoadedProtos => {
  const { service, workspaceDir, placeOf } = surroundings
  const dirs = include.map((dir) => ({ dir: resolve(workspaceDir, dir), shown: dir.replace(/\/+$/, '') }))
  const missing = dirs.flatMap(({ dir, shown }, index) =>
    entryAt(dir)?.kind === 'folder'
      ? []
      : [
          mistake(surroundings, ['include', ...at(include, index)], {
            code: 'PORTICO-009',
            message: `There is no directory ${shown}.`,
          }),
        ],
  )
  if (missing.length > 0) return { diagnostics: missing }
  return loadProtos({
    files: proto,
    includeDir: join(workspaceDir, 'protos'),
    displayDir: 'protos',
    include: dirs,
    askedBy: (file) => ({
      place: placeOf(['services', service, 'proto', ...at(proto, proto.indexOf(file))]),
      coordinate: `services.${service}.proto`,
    }),
  })
}

/** One that is written alone is written without a list. */
const at = (list: readonly string[], index: number): readonly number[] => (list.length > 1 ? [index] : [])

const loadSet = (file: string, surroundings: DefinitionsSurroundings): LoadedProtos => {
  const { service, workspaceDir, placeOf } = surroundings
  const path = resolve(workspaceDir, file)
  const askedBy = {
    place: placeOf(['services', service, 'descriptors']),
    coordinate: `services.${service}.descriptors`,
  }
  const refuse = (code: Code, message: string): LoadedProtos => ({
    diagnostics: [mistake(surroundings, ['descriptors'], { code, message })],
  })
  const entry = entryAt(path)
  if (entry?.kind !== 'file') return refuse('PORTICO-009', `There is no file ${file} in the workspace.`)
  if (entry.bytes > maxDescriptorBytes)
    return refuse('PORTICO-804', `${file} is larger than 16MiB, the most that is read.`)
  let bytes: Buffer
  try {
    bytes = readBytes(path)
  } catch {
    return refuse('PORTICO-804', `${file} cannot be read.`)
  }
  return loadDescriptorSet(bytes, { shown: file, askedBy })
}

type Reflection = NonNullable<DefinitionsConfig['reflection']>

const reflect = async (
  { target: other, timeout }: Reflection,
  surroundings: DefinitionsSurroundings,
): Promise<LoadedProtos> => {
  const { service, placeOf, tls } = surroundings
  const target = other ?? surroundings.target
  if (target === undefined)
    return {
      diagnostics: [
        mistake(surroundings, ['reflection'], { code: 'PORTICO-806', message: 'There is no address to ask.' }),
      ],
    }
  const address = authorityOf(target.host, target.port)
  const options = { tls, ...(timeout === undefined ? {} : { timeoutMs: timeout }) }
  const found = await askedOnce(`reflection of ${service}`, () => reflectDescriptors(target, options))
  if ('refusal' in found)
    return { diagnostics: [mistake(surroundings, ['reflection'], { code: 'PORTICO-806', message: found.refusal })] }
  const askedBy = { place: placeOf(['services', service, 'reflection']), coordinate: `services.${service}.reflection` }
  return loadDescriptorSet(found.descriptors, { shown: `reflection of ${address}`, askedBy })
}

/** The files and directories of the workspace that they are made of, beside `protos/`. */
export const definitionFiles = ({ include = [], descriptors }: DefinitionsConfig): readonly string[] => [
  ...include,
  ...(descriptors === undefined ? [] : [descriptors]),
]
