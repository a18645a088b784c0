import { Client, type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js'
import type { Type } from 'protobufjs'
import type { HostPort } from '../../../config/scalars.ts'
import { authorityOf } from '../../../kernel/authority.ts'
import type { TlsSettings } from '../../tls.ts'
import { credentialsOf } from '../client/channel.ts'
import { maxDescriptorBytes } from './descriptor-set.ts'
import { finishLoading, startLoading, textReader } from './loading.ts'

/** One question of grpc.reflection.v1. */
export type Question =
  | { readonly listServices: string }
  | { readonly fileContainingSymbol: string }
  | { readonly fileByFilename: string }

/** One answer; fields that were not set are absent. */
export type Answer = {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] }
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] }
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string }
}

export type ReflectionVersion = 'v1' | 'v1alpha'

export type ReflectionStream = {
  /** Answers come in the order of the questions. Rejects with grpc-js' ServiceError when the call ends before. */
  ask(question: Question): Promise<Answer>
  close(): void
}

/** A connection for reflection alone: nothing of it is shared with calls. */
export const openReflectionClient = (target: HostPort, tls: TlsSettings | undefined): Client => {
  const authority = authorityOf(target.host, target.port)
  return new Client(authority, credentialsOf(tls), {
    'grpc.max_receive_message_length': maxDescriptorBytes,
    'grpc.primary_user_agent': 'portico',
    ...(tls?.serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.use_local_subchannel_pool': 1,
  })
}

type Pending = PromiseWithResolvers<Answer>

/** @param deadline in wall-clock milliseconds, for everything asked over this stream */
export const openReflection = (client: Client, version: ReflectionVersion, deadline: number): ReflectionStream => {
  const { question, answer } = messages()
  const call: ClientDuplexStream<Question, Answer> = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (asked: Question) => Buffer.from(question.encode(asked).finish()),
    (bytes: Buffer) => answer.decode(bytes) as unknown as Answer,
    { deadline },
  )
  const waiting: Pending[] = []
  let ended: ServiceError | Error | undefined
  const fail = (error: ServiceError | Error): void => {
    ended ??= error
    for (const { reject } of waiting.splice(0)) reject(error)
  }
  call.on('data', (answered: Answer) => waiting.shift()?.resolve(answered))
  call.on('error', fail)
  call.on('end', () => fail(Object.assign(new Error('The answers ended too early.'), { code: status.UNAVAILABLE })))
  return {
    ask(asked) {
      if (ended !== undefined) return Promise.reject(ended)
      const pending = Promise.withResolvers<Answer>()
      waiting.push(pending)
      call.write(asked)
      return pending.promise
    },
    close: () => call.cancel(),
  }
}

let known: { readonly question: Type; readonly answer: Type } | undefined

/** The messages of grpc.reflection.v1, which those of v1alpha equal on the wire. Read when they are first needed. */
const messages = () => {
  if (known !== undefined) return known
  const loading = startLoading()
  const load = textReader(loading, [])
  load('grpc/reflection/v1/reflection.proto', () => {
    throw new Error('A file that Portico brings is not there.')
  })
  const loaded = finishLoading(loading)
  if ('diagnostics' in loaded) throw new Error('A file that Portico brings is wrong.')
  known = {
    question: loaded.root.lookupType('grpc.reflection.v1.ServerReflectionRequest'),
    answer: loaded.root.lookupType('grpc.reflection.v1.ServerReflectionResponse'),
  }
  return known
}
