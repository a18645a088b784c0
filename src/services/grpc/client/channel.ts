import { type ChannelCredentials, type ChannelOptions, Client, credentials } from '@grpc/grpc-js'
import { authorityOf } from '../../../kernel/authority.ts'
import type { GrpcService } from '../../service.ts'
import { identityCheck, type TlsSettings, tlsKey } from '../../tls.ts'
import { type Address } from './wire/connect.ts'

/** Everything that decides where calls of a service go and by what connections, in one text without secrets. */
export const settingsKey = ({ name, targets, tls, maxAnswerBytes, health, resilience }: GrpcService): string => {
  return JSON.stringify([name, targets, maxAnswerBytes, tlsKey(tls), health, resilience?.connectMs])
}

type ChannelSettings = { readonly tls: TlsSettings | undefined; readonly maxAnswerBytes: number }

/** A grpc-js client of one address. */
export const openClient = (address: Address, settings: ChannelSettings): Client => {
  const { host, port } = address
  const scheme = host.includes(':') ? 'ipv6' : 'ipv4'
  return new Client(`${scheme}:${authorityOf(host, port)}`, credentialsOf(settings.tls), optionsOf(address, settings))
}

/** TLS is always verified: against the system's authorities, or the service's own alone. */
export const credentialsOf = (tls: TlsSettings | undefined): ChannelCredentials =>
  tls === undefined
    ? credentials.createInsecure()
    : credentials.createSsl(bytesOf(tls.ca), bytesOf(tls.key), bytesOf(tls.cert), {
        checkServerIdentity: identityCheck(tls.pins),
      })

const bytesOf = (pem: string | undefined): Buffer | null => (pem === undefined ? null : Buffer.from(pem))

const optionsOf = ({ name, port }: Address, { tls, maxAnswerBytes }: ChannelSettings): ChannelOptions => ({
  'grpc.max_receive_message_length': maxAnswerBytes,
  'grpc.max_send_message_length': -1, // bounded before it comes here
  'grpc.primary_user_agent': 'portico',
  'grpc.default_authority': tls?.serverName ?? authorityOf(name, port),
  ...(tls === undefined ? {} : { 'grpc.ssl_target_name_override': tls.serverName ?? name }),
  // Servers of most languages end connections that ping more often than every five minutes.
  'grpc.keepalive_time_ms': 310_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // A service that comes back is found again within seconds, and one that stays away is not hammered.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Retries are a guard's business, where they are counted and bounded.
  'grpc.enable_retries': 0,
  // No configuration by DNS TXT records, no proxy by environment: the workspace says where calls go.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  // Closing the client must close its connections.
  'grpc.use_local_subchannel_pool': 1,
})
