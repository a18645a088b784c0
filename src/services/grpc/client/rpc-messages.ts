import protobuf, { type INamespace } from 'protobufjs'

type Fields = Readonly<Record<string, string>>

/** A message written as `name: 'type = number'`, as in its proto. */
const message = (fields: Fields, nested: Readonly<Record<string, Fields>> = {}): INamespace & { fields: object } => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, written]) => {
      const [, rule, keyType, type = '', id] = /^(repeated )?(?:map<(\w+), )?([\w.]+)>? = (\d+)$/.exec(written) ?? []
      return [
        name,
        { type, id: Number(id), ...(rule === undefined ? {} : { rule: 'repeated' }), ...(keyType && { keyType }) },
      ]
    }),
  ),
  nested: Object.fromEntries(Object.entries(nested).map(([name, inner]) => [name, message(inner)])),
})

/**
 * The messages that every client needs, whatever the services' protos: google/rpc/status.proto,
 * google/rpc/error_details.proto (without DebugInfo, which is never shown) and grpc/health/v1/health.proto. They are
 * part of gRPC's own protocol and do not change.
 */
const root = protobuf.Root.fromJSON({
  nested: {
    Any: message({ typeUrl: 'string = 1', value: 'bytes = 2' }),
    Duration: message({ seconds: 'int64 = 1', nanos: 'int32 = 2' }),
    Status: message({ code: 'int32 = 1', message: 'string = 2', details: 'repeated Any = 3' }),
    ErrorInfo: message({ reason: 'string = 1', domain: 'string = 2', metadata: 'map<string, string> = 3' }),
    RetryInfo: message({ retryDelay: 'Duration = 1' }),
    QuotaFailure: message(
      { violations: 'repeated Violation = 1' },
      {
        Violation: {
          subject: 'string = 1',
          description: 'string = 2',
          apiService: 'string = 3',
          quotaMetric: 'string = 4',
          quotaId: 'string = 5',
          quotaDimensions: 'map<string, string> = 6',
          quotaValue: 'int64 = 7',
          futureQuotaValue: 'int64 = 8',
        },
      },
    ),
    PreconditionFailure: message(
      { violations: 'repeated Violation = 1' },
      { Violation: { type: 'string = 1', subject: 'string = 2', description: 'string = 3' } },
    ),
    BadRequest: message(
      { fieldViolations: 'repeated FieldViolation = 1' },
      {
        FieldViolation: {
          field: 'string = 1',
          description: 'string = 2',
          reason: 'string = 3',
          localizedMessage: 'LocalizedMessage = 4',
        },
      },
    ),
    RequestInfo: message({ requestId: 'string = 1', servingData: 'string = 2' }),
    ResourceInfo: message({
      resourceType: 'string = 1',
      resourceName: 'string = 2',
      owner: 'string = 3',
      description: 'string = 4',
    }),
    Help: message({ links: 'repeated Link = 1' }, { Link: { description: 'string = 1', url: 'string = 2' } }),
    LocalizedMessage: message({ locale: 'string = 1', message: 'string = 2' }),
    HealthCheckRequest: message({ service: 'string = 1' }),
    HealthCheckResponse: message({ status: 'int32 = 1' }), // an enum; unknown numbers must not fail
  },
})
root.resolveAll()

export const rpcMessage = (name: string): protobuf.Type => root.lookupType(name)
