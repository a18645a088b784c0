import type { IncomingMessage } from 'node:http'

/** Whether a request is a native gRPC call, whose failures are statuses in trailers (gRPC over HTTP/2). */
export const isGrpc = ({ httpVersionMajor, headers }: IncomingMessage): boolean =>
  httpVersionMajor === 2 && isGrpcType(headers['content-type'])

/** Whether a content type is that of gRPC, whatever its messages are written in; not gRPC-Web, which frames its trailers otherwise. */
export const isGrpcType = (type: string | undefined): boolean =>
  type !== undefined && /^application\/grpc(?:$|[+;])/.test(type)

/** A status message as headers carry it: percent-encoded where it is not printable ASCII. */
export const grpcMessage = (text: string): string =>
  text.replaceAll(/[^ -$&-~]+/gu, (part) =>
    [...Buffer.from(part)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )

const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

/** The milliseconds of a `grpc-timeout`; Infinity where there is none that can be read. */
export const grpcTimeoutMs = (value: string | readonly string[] | undefined): number => {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(value)) ?? []
  return digits === undefined ? Number.POSITIVE_INFINITY : Number(digits) * (units[unit as string] as number)
}

/** The same, written: at most eight digits and a unit. */
export const grpcTimeout = (milliseconds: number): string => {
  const whole = Math.max(1, Math.ceil(milliseconds))
  return whole < 100_000_000 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1_000), 99_999_999)}S`
}
