import type { ASTNode } from 'graphql'
import protobuf, { type Field as MessageField } from 'protobufjs'
import { didYouMean, type Mend } from '../../kernel/diagnostic.ts'
import { fieldOf, jsonNames } from '../../services/grpc/json/fields.ts'
import { misspelt } from './context.ts'
import type { ProtoType } from './proto-scalars.ts'

const { Type } = protobuf
type Type = protobuf.Type

type Found = { readonly type: ProtoType; readonly field: MessageField | undefined }

/** Where a path of a message ends: a sentence, and what can be meant by the name that it ends at. */
type Nowhere = { readonly why: string; readonly name?: string; readonly candidates?: readonly string[] }

/** What stands at a path of a message, or where it ends. */
export const follow = (message: Type, path: readonly string[]): Found | Nowhere => {
  let at: Found = { type: message, field: undefined }
  for (const name of path) {
    if (!(at.type instanceof Type))
      return { why: `${path.join('.')} goes below ${at.field?.name}, which is no message.` }
    const field = fieldOf(at.type, name)
    if (field === undefined) {
      const candidates = jsonNames(at.type)
      const why = `${at.type.fullName.slice(1)} has no field ${name}.${didYouMean(name, candidates)}`
      return { why, name, candidates }
    }
    at = { type: field.resolvedType ?? field.type, field }
  }
  return at
}

/** The edit of a path in a directive that ends at a misspelt name. */
export const mendPath = (node: ASTNode, { name = '', candidates = [] }: Nowhere): Mend | undefined =>
  misspelt(node, name, { candidates })
