import { type Client, status } from '@grpc/grpc-js'
import type { HostPort } from '../../../config/scalars.ts'
import { authorityOf } from '../../../kernel/authority.ts'
import { systemClock } from '../../../kernel/clock.ts'
import type { TlsSettings } from '../../tls.ts'
import { connectWords } from '../client/connect-words.ts'
import { decodeFile, encodeFileSet, type FileDescriptor } from './descriptor-schema.ts'
import { maxDescriptorBytes, maxDescriptorFiles } from './descriptor-set.ts'
import { type Answer, openReflection, openReflectionClient, type ReflectionStream } from './reflection-stream.ts'

export type ReflectionOptions = {
  readonly tls?: TlsSettings | undefined
  /** How long the whole of it may take. */
  readonly timeoutMs?: number
}

/** A FileDescriptorSet, or one sentence or two on why there is none and what to do. */
export type Reflected = { readonly descriptors: Uint8Array } | { readonly refusal: string }

/**
 * Asks a server for the definitions of all its services (grpc.reflection.v1, or v1alpha where it has only that), but for
 * those of reflection and health. The bytes are the server's own, options of others included; the order is by imports,
 * then by name, so that the same definitions give the same set. Never throws.
 */
export const reflectDescriptors = async (
  target: HostPort,
  { tls, timeoutMs = 5_000 }: ReflectionOptions = {},
): Promise<Reflected> => {
  const shown = authorityOf(target.host, target.port)
  const deadline = systemClock.date() + timeoutMs
  let client: Client | undefined
  try {
    client = openReflectionClient(target, tls)
    return await withStream(openReflection(client, 'v1', deadline)).catch((thrown: unknown) => {
      if (codeOf(thrown) !== status.UNIMPLEMENTED || client === undefined) throw thrown
      return withStream(openReflection(client, 'v1alpha', deadline))
    })
  } catch (thrown) {
    return { refusal: refusalOf(thrown, { shown, timeoutMs }) }
  } finally {
    client?.close()
  }
}

/** What a server answers that cannot be used. */
class Unusable extends Error {
  override readonly name = 'Unusable'
}

const withStream = async (stream: ReflectionStream): Promise<Reflected> => {
  try {
    return { descriptors: encodeFileSet(inOrder(await filesOf(stream))) }
  } finally {
    stream.close()
  }
}

/** Services that say how a server is, not what it does. */
const ofTheServer = /^grpc\.(?:reflection|health)\./

type ReflectedFile = { readonly bytes: Uint8Array; readonly file: FileDescriptor }

const filesOf = async (stream: ReflectionStream): Promise<ReadonlyMap<string, ReflectedFile>> => {
  const listed = (await stream.ask({ listServices: '*' })).listServicesResponse?.service ?? []
  const services = listed.map(({ name }) => name).filter((name) => !ofTheServer.test(name))
  if (services.length === 0) throw new Unusable('lists no services but those of reflection and health')
  if (services.length > maxDescriptorFiles) throw new Unusable(`lists more than ${maxDescriptorFiles} services`)
  const files = new Map<string, ReflectedFile>()
  const defined = new Set<string>()
  const wanted = new Set<string>()
  let total = 0

  const keep = ({ fileDescriptorResponse }: Answer): void => {
    for (const bytes of fileDescriptorResponse?.fileDescriptorProto ?? []) {
      const file = decoded(bytes)
      if (files.has(file.name)) continue
      files.set(file.name, { bytes, file })
      for (const { name } of file.service) defined.add(file.package === '' ? name : `${file.package}.${name}`)
      for (const name of file.dependency) wanted.add(name)
      total += bytes.length
      if (total > maxDescriptorBytes) throw new Unusable('answers with more than 16MiB')
      if (Math.max(files.size, wanted.size) > maxDescriptorFiles)
        throw new Unusable(`answers with more than ${maxDescriptorFiles} files`)
    }
  }

  // One after another: an answer may be as large as all may be together.
  for (const name of services) {
    if (!defined.has(name)) keep(await stream.ask({ fileContainingSymbol: name }))
    if (!defined.has(name)) throw new Unusable(`lists ${printable(name)} and does not define it`)
  }
  // Most servers send imports along. What one does not have may be among the files that Portico brings. The set grows
  // while it is walked.
  for (const name of wanted) if (!files.has(name)) keep(await stream.ask({ fileByFilename: name }))
  return files
}

const decoded = (bytes: Uint8Array): FileDescriptor => {
  try {
    return decodeFile(bytes)
  } catch {
    throw new Unusable('answers with bytes that are no descriptors')
  }
}

/** Imports first, as compilers write sets and other tools want them. */
const inOrder = (files: ReadonlyMap<string, ReflectedFile>): readonly Uint8Array[] => {
  const ordered = new Map<string, Uint8Array>()
  const visited = new Set<string>()
  const stack = [...files.keys()].toSorted().toReversed()
  while (stack.length > 0) {
    const name = stack.at(-1) ?? ''
    const found = files.get(name)
    const before = visited.has(name) ? [] : (found?.file.dependency ?? []).filter((one) => !visited.has(one))
    visited.add(name)
    if (before.length > 0) stack.push(...before.toSorted().toReversed())
    else {
      stack.pop()
      if (found !== undefined && !ordered.has(name)) ordered.set(name, found.bytes)
    }
  }
  return [...ordered.values()]
}

const codeOf = (thrown: unknown): unknown => (thrown as { readonly code?: unknown }).code

type Asked = { readonly shown: string; readonly timeoutMs: number }

const refusalOf = (thrown: unknown, { shown, timeoutMs }: Asked): string => {
  if (thrown instanceof Unusable) return `${shown} ${thrown.message}. ${otherWays}`
  const details = printable(connectWords((thrown as { readonly details?: string }).details ?? ''))
  switch (codeOf(thrown)) {
    case status.UNIMPLEMENTED:
      return `${shown} offers no reflection (grpc.reflection.v1 or v1alpha). Turn it on there. ${otherWays}`
    case status.UNAVAILABLE:
      return `${shown} cannot be reached for reflection${details === '' ? '' : ` (${details.replace(/\.$/, '')})`}. Is it running, and is \`tls\` right? ${otherWays}`
    case status.DEADLINE_EXCEEDED:
      return `${shown} did not answer reflection within ${timeoutMs} ms. ${otherWays}`
    case status.RESOURCE_EXHAUSTED:
      return `${shown} answers reflection with more than 16MiB, or is overloaded. ${otherWays}`
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return `${shown} refuses reflection to the gateway, which shows no identity. ${otherWays}`
    default:
      return `${shown} failed at reflection${details === '' ? '' : ` (${details})`}. ${otherWays}`
  }
}

const otherWays = 'Or give its definitions as files, by `proto` or `descriptors`.'

/** Words of a server, for a terminal. */
// oxlint-disable-next-line no-control-regex
const printable = (text: string): string => text.slice(0, 200).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
