import { type ConstValueNode, Kind } from 'graphql'
import type { Code } from '../../kernel/code.ts'
import { type Condition, pathsOf } from '../condition.ts'
import { parseCondition } from '../condition-syntax.ts'
import type { Directive } from '../directives.ts'
import type { RequestTemplate } from '../request.ts'
import type { ErrorRule, Verdicts } from '../verdicts.ts'
import { type BindContext, type Owner, report } from './context.ts'
import { follow } from './message-path.ts'

type WrittenRule = { readonly when: string; readonly code?: Code; readonly message?: string }
type Judging = { readonly directive: Directive; readonly owner: Owner; readonly request: RequestTemplate }

/** What `success` and `errors` of a binding say; undefined where they say nothing, and where they are wrong, which is reported. */
export const bindVerdicts = (context: BindContext, { directive, owner, request }: Judging): Verdicts | undefined => {
  const { args, nodes, node } = directive
  const success = args['success'] as string | undefined
  const written = args['errors'] as readonly WrittenRule[] | undefined
  if (success === undefined && written === undefined) return undefined
  const wrong = (at: ConstValueNode | undefined, message: string): undefined =>
    report(context, at ?? node, owner.coordinate, { code: 'PORTICO-116', message })
  if (request.kind === 'grpc' && request.method.responseStream)
    return wrong(
      nodes['errors'],
      `${request.method.path.slice(1)} streams its answers, and a stream ends with its status.`,
    )
  const read = (text: string, at: ConstValueNode | undefined): Condition | undefined => {
    const condition = parseCondition(text)
    if (typeof condition === 'string') return wrong(at, `"${text}": ${condition}`)
    const mistake = pathsOf(condition)
      .map(({ root, path }) =>
        root === 'header'
          ? request.kind === 'grpc'
            ? 'A gRPC answer is judged by its status and its message, not by metadata.'
            : undefined
          : pathMistake(request, path),
      )
      .find((one) => one !== undefined)
    return mistake === undefined ? condition : wrong(at, mistake)
  }
  const condition = success === undefined ? undefined : read(success, nodes['success'])
  const rules = (written ?? []).map(({ when, code, message }, index): ErrorRule | undefined => {
    const at = itemOf(nodes['errors'], index)
    const parts = message === undefined ? undefined : messageParts(message)
    if (typeof parts === 'string') return wrong(at, parts)
    const mistake = parts
      ?.map((part) => (typeof part === 'string' ? undefined : pathMistake(request, part)))
      .find((one) => one !== undefined)
    if (mistake !== undefined) return wrong(at, mistake)
    const asked = read(when, at)
    return asked && { when: asked, code, message: parts }
  })
  return { success: condition, errors: rules.filter((rule) => rule !== undefined) }
}

const itemOf = (node: ConstValueNode | undefined, index: number): ConstValueNode | undefined =>
  node?.kind === Kind.LIST ? node.values[index] : node

/** Of gRPC it is known what an answer may have. */
const pathMistake = (request: RequestTemplate, path: readonly string[]): string | undefined => {
  const found = request.kind === 'grpc' ? follow(request.method.responseType, path) : undefined
  return found !== undefined && 'why' in found ? found.why : undefined
}

/** `The card was refused: {body.reason}` as its text and the path in it; a sentence where a placeholder is none. */
const messageParts = (text: string): readonly (string | readonly string[])[] | string => {
  const parts = text.split(/\{([^{}]*)\}/)
  const unfit = parts.find((part, index) => index % 2 === 1 && !/^\s*body(\.[\w$-]+)+\s*$/.test(part))
  if (unfit !== undefined) return `{${unfit}}: a message repeats values of the answer, such as {body.error.message}.`
  return parts
    .map((part, index) => (index % 2 === 0 ? part : part.trim().split('.').slice(1)))
    .filter((part) => part !== '')
}
