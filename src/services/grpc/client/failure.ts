import { codes } from '../../../kernel/code.ts'
import type { MetadataEntries } from './exchange.ts'

/**
 * Where a call failed.
 * - `status`: the service said so itself.
 * - `unreached`: before anything was sent, so that any call may be repeated.
 * - `broken`: the stream or its connection ended without a status.
 * - `foreign`: what answered does not speak gRPC.
 * - `oversize`: the answer is larger than the service's bound.
 * - `deadline`: time was over, as the client saw it.
 */
export type FailureKind = 'status' | 'unreached' | 'broken' | 'foreign' | 'oversize' | 'deadline'

/** How a call failed, whichever client made it: the cause of the Problem that clients see. */
export class GrpcFailure extends Error {
  override readonly name = 'GrpcFailure'
  readonly kind: FailureKind
  /** The gRPC status number: the service's own, or the one that says what happened. */
  readonly code: number
  /** What the service sent with its status. */
  readonly trailers: MetadataEntries

  /** Whether nothing of the call was sent, so that it may be repeated whatever it does. */
  get neverSent(): boolean {
    return this.kind === 'unreached'
  }

  /** `message` is for logs: the service's own words, or those of the transport. */
  constructor(kind: FailureKind, code: number, message: string, { trailers = none, cause }: FailureOptions = {}) {
    super(message, { cause })
    this.kind = kind
    this.code = code
    this.trailers = trailers
  }
}

type FailureOptions = { readonly trailers?: MetadataEntries; readonly cause?: unknown }

const none: MetadataEntries = []

/** An OK without the one message that a unary answer is made of. */
export const noMessage = (trailers: MetadataEntries): GrpcFailure =>
  new GrpcFailure('broken', codes.INTERNAL.grpc, 'The call ended well without a message.', { trailers })
