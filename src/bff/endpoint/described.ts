import { type StringValueNode, type Token, TokenKind } from 'graphql'

type Described = {
  readonly description?: StringValueNode | undefined
  readonly loc?: { readonly startToken: Token } | undefined
}

/** What the author of a definition says of it: its description, or else the comment on the lines right above. */
export const describedBy = ({ description, loc }: Described): string | undefined => {
  if (description !== undefined) return description.value.trim() || undefined
  const lines: string[] = []
  let below = loc?.startToken
  for (let token = below?.prev; token?.kind === TokenKind.COMMENT; token = token.prev) {
    // A comment at the end of a line belongs to what stands before it.
    const before = token.prev
    if (token.line !== (below?.line ?? 0) - 1 || before?.line === token.line) break
    lines.unshift(token.value.replace(/^ /, ''))
    below = token
  }
  return lines.join('\n').trim() || undefined
}
