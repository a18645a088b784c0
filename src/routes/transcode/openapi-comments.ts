import type { ReflectionObject } from 'protobufjs'
import { commentOf } from '../../services/grpc/protos/annotations.ts'

/**
 * What a proto says of an element, for readers of its API: without notes to linters and without cross-references.
 * Well-known types speak to those who write protos; and only some descriptor sets hold their comments.
 */
export const describedAs = (object: ReflectionObject): string | undefined =>
  object.fullName.startsWith('.google.protobuf.') ? undefined : cleaned(commentOf(object))

/** Undefined where nothing is left. */
export const cleaned = (comment: string | null | undefined): string | undefined => {
  const text = (comment ?? '')
    // Notes of this form are for the proto's own team (AIP-192).
    .replaceAll(/\(--[\s\S]*?--\)/g, '')
    // `[Shelf][library.v1.Shelf]` and `[library.v1.Shelf][]` (AIP-192).
    .replaceAll(/\[([^\][]+)\]\[[\w.]*\]/g, '$1')
    .split('\n')
    .filter((line) => !/^\s*(?:buf:lint:|protolint:|@exclude\b|LINT\.)/.test(line))
    .join('\n')
    .trim()
  return text === '' ? undefined : text
}
