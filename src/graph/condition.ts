import { isRawNumber, type Json, numberText, type RawNumber } from '../kernel/json.ts'
import { dig } from './template.ts'

/** A question about one answer, as `success` and `errors` of a binding ask it. */
export type Condition =
  | { readonly kind: 'any' | 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  /** Whether a value is there: neither absent nor null, false, 0, or empty. */
  | { readonly kind: 'is'; readonly of: Operand }
  | { readonly kind: Comparison; readonly left: Operand; readonly right: Operand }

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in'

export type Operand =
  | { readonly kind: 'path'; readonly root: 'status' | 'body' | 'header'; readonly path: readonly string[] }
  | { readonly kind: 'literal'; readonly value: Json }

/** What is known of an answer. */
export type Answered = {
  /** The HTTP status, or the name of the gRPC code. */
  readonly status: number | string | undefined
  /** Undefined where it is no JSON, and of a failure where it is longer than is read. */
  readonly body: Json | undefined
  /** A header of an HTTP answer by its lower-case name; undefined where nobody asks for one. */
  readonly header?: ((name: string) => string | undefined) | undefined
}

/** Whether the answer is so. An absent value equals null, and is neither less nor more than anything. */
export const holds = (condition: Condition, answered: Answered): boolean => {
  switch (condition.kind) {
    case 'any':
      return condition.of.some((one) => holds(one, answered))
    case 'all':
      return condition.of.every((one) => holds(one, answered))
    case 'not':
      return !holds(condition.of, answered)
    case 'is':
      return isThere(valueOf(condition.of, answered))
    default:
      return compared(condition.kind, valueOf(condition.left, answered), valueOf(condition.right, answered))
  }
}

export const valueOf = (operand: Operand, { status, body, header }: Answered): Json => {
  if (operand.kind === 'literal') return operand.value
  if (operand.root === 'status') return status ?? null
  if (operand.root === 'header') return header?.(operand.path[0] ?? '') ?? null
  return (dig(body, operand.path) as Json | undefined) ?? null
}

const isThere = (value: Json): boolean => {
  if (isRawNumber(value)) return true
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value)
}

const compared = (operator: Comparison, left: Json, right: Json): boolean => {
  switch (operator) {
    case '==':
      return isEqual(left, right)
    case '!=':
      return !isEqual(left, right)
    case 'in':
      return Array.isArray(right) && right.some((one: Json) => isEqual(left, one))
    case '<':
      return isLess(left, right)
    case '>':
      return isLess(right, left)
    case '<=':
      return isLess(left, right) || isSame(left, right)
    case '>=':
      return isLess(right, left) || isSame(left, right)
  }
}

const isNumber = (value: Json): value is number | RawNumber => typeof value === 'number' || isRawNumber(value)

/** Numbers by their digits, so that long ones that a double would make equal are told apart; lists and objects never. */
const isEqual = (left: Json, right: Json): boolean =>
  isNumber(left) && isNumber(right)
    ? numberText(left) === numberText(right) || (isSafe(left) && isSafe(right) && amount(left) === amount(right))
    : left === right && (left === null || typeof left !== 'object')

const isSafe = (value: number | RawNumber): boolean => Math.abs(amount(value)) <= Number.MAX_SAFE_INTEGER

const amount = (value: number | RawNumber): number => Number(numberText(value))

const isSame = (left: Json, right: Json): boolean => left !== null && isEqual(left, right)

const isLess = (left: Json, right: Json): boolean =>
  isNumber(left) && isNumber(right)
    ? amount(left) < amount(right)
    : typeof left === 'string' && typeof right === 'string' && left < right

/** Every path that a condition reads, in the order in which it is written. */
export const pathsOf = (condition: Condition): readonly (Operand & { readonly kind: 'path' })[] => {
  const operands = (one: Condition): readonly Operand[] => {
    switch (one.kind) {
      case 'any':
      case 'all':
        return one.of.flatMap(operands)
      case 'not':
        return operands(one.of)
      case 'is':
        return [one.of]
      default:
        return [one.left, one.right]
    }
  }
  return operands(condition).filter((operand) => operand.kind === 'path')
}
