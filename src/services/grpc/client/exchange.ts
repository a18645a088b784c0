import type { CallContext } from '../../call.ts'

/** Metadata as HTTP carries it: lower-case names, values of `-bin` names base64. Names may repeat. */
export type MetadataEntries = readonly (readonly [name: string, value: string])[]

/** A unary call's request, encoded. */
export type GrpcRequest = { readonly message: Buffer; readonly metadata: MetadataEntries }

/** A unary call's answer, still encoded, with the metadata the service sent around it. */
export type GrpcAnswer = {
  readonly message: Uint8Array
  readonly headers: MetadataEntries
  readonly trailers: MetadataEntries
}

/**
 * Starts a streaming call of any kind. Its end is `context.deadline`; Infinity means none. Throws Problem
 * INVALID_ARGUMENT for metadata that cannot be sent, and why the signal aborted where it has already.
 */
export type OpenExchange = (metadata: MetadataEntries, context: CallContext) => GrpcExchange

/** A streaming call under way: messages go out and come in, each at the pace of who takes them. */
export type GrpcExchange = {
  /**
   * Sends one encoded message. Resolves when the next may be sent; rejects with the Problem that ended the call, and
   * with RESOURCE_EXHAUSTED 413 for a message over the service's bound. After a call that the service ended well it
   * resolves, and the message is dropped.
   */
  send(message: Buffer): Promise<void>
  /** Says that no more messages are sent. */
  end(): void
  /** Encoded messages, to be iterated once, read at the consumer's pace. Iterating throws Problem; leaving it early cancels. */
  readonly messages: AsyncIterable<Uint8Array>
  /** What the service sent before its first message; empty where it sent none. Never rejects. */
  readonly headers: Promise<MetadataEntries>
  /** What the service sent at the end, known when `messages` has ended; empty where it sent none. Never rejects. */
  readonly trailers: Promise<MetadataEntries>
  /** Ends the call, as a client that goes away does. */
  cancel(): void
}
