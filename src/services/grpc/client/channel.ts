import { createHash } from 'node:crypto'
import { type ChannelCredentials, type ChannelOptions, Client, credentials } from '@grpc/grpc-js'
import type { Lease, Resources } from '../../resources.ts'
import type { GrpcService } from '../../service.ts'

/** A share in the client of a service's address: services with the same address and TLS use one connection. */
export const acquireClient = (service: GrpcService, resources: Resources): Lease<Client> =>
  resources.acquire(
    keyOf(service),
    () => new Client(service.address, credentialsOf(service), optionsOf(service)),
    (client) => client.close(),
  )

/** Everything the client is made of. */
const keyOf = ({ address, tls, maxAnswerBytes }: GrpcService): string => {
  const authorities = tls?.ca === undefined ? 'system' : createHash('sha256').update(tls.ca).digest('hex')
  return ['grpc', address, maxAnswerBytes, ...(tls === undefined ? [] : [authorities, tls.serverName ?? ''])].join(' ')
}

/** TLS is always verified: against the system's authorities, or the service's own alone. */
const credentialsOf = ({ tls }: GrpcService): ChannelCredentials =>
  tls === undefined
    ? credentials.createInsecure()
    : credentials.createSsl(tls.ca === undefined ? null : Buffer.from(tls.ca))

const optionsOf = ({ tls, maxAnswerBytes }: GrpcService): ChannelOptions => ({
  'grpc.max_receive_message_length': maxAnswerBytes,
  'grpc.primary_user_agent': 'portico',
  // Servers of most languages end connections that ping more often than every five minutes.
  'grpc.keepalive_time_ms': 310_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // A service that comes back is found again within seconds, and one that stays away is not hammered.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
  // Retries are a guard's business, where they are counted and bounded.
  'grpc.enable_retries': 0,
  // No configuration by DNS TXT records, no proxy by environment: the workspace says where calls go.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  // Closing the client must close its connections.
  'grpc.use_local_subchannel_pool': 1,
  ...(tls?.serverName === undefined
    ? {}
    : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
})
