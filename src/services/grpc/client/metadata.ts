/** Headers of the transport and of gRPC itself: no metadata of the service. */
export const ofTheProtocol: ReadonlySet<string> = new Set([
  'content-type',
  'grpc-status',
  'grpc-message',
  'grpc-encoding',
  'grpc-accept-encoding',
  'accept-encoding',
  'date',
])
