import { _, Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { callRef } from 'ajv/dist/vocabularies/core/ref.js'
import type { Json } from '../../../kernel/json.ts'
import { linearPattern } from '../../../kernel/pattern.ts'
import { Problem } from '../../../kernel/problem.ts'
import { formats } from './formats.ts'
import { type Mistake, mistakesOf } from './mistakes.ts'
import type { Checkable } from './schema-words.ts'
import { counted, reference } from './schemas.ts'

/** Holds a value against a schema: what is wrong with it, nothing where it fits. Throws Problem for one that takes too long. */
export type Check = (value: unknown) => readonly Mistake[]

/**
 * How often schemas may be held against values, and patterns against characters, for one value: alternatives that lead
 * back to themselves could double that with every level. Some 20 ms.
 */
const mostSteps = 1_000_000

/** The same to tell all that is wrong, where all alternatives are tried to their ends. */
const mostStepsToTell = 50_000

class TooMuch extends Error {}

type Budget = { left: number; readonly spent: () => never }

/**
 * Makes checks of the schemas of one document, each when it is first asked: documents describe more than is used, and
 * code for one takes a millisecond or more. `definitions` may still grow until then.
 */
export const createChecker = (definitions: ReadonlyMap<string, Checkable>): ((schema: Checkable) => Check) => {
  const budget: Budget = {
    left: 0,
    spent() {
      throw new TooMuch('Too many steps.')
    },
  }
  const makers = new Map<boolean, Ajv2020>()
  const compiled = (schema: Checkable, all: boolean): ValidateFunction => {
    let maker = makers.get(all)
    if (maker === undefined) makers.set(all, (maker = makeAjv(definitions, budget, all)))
    return maker.compile(schema)
  }
  const passes = (check: ValidateFunction, value: unknown, steps: number): boolean => {
    budget.left = steps
    return check(value)
  }
  return (schema) => {
    let first: ValidateFunction | undefined
    let every: ValidateFunction | undefined
    /** Everything that is wrong, if that takes no time worth speaking of; else what is known. */
    const toldFully = (value: unknown, known: readonly ErrorObject[]): readonly ErrorObject[] => {
      try {
        every ??= compiled(schema, true)
        return passes(every, value, mostStepsToTell) ? known : (every.errors ?? known)
      } catch (thrown) {
        if (thrown instanceof TooMuch || thrown instanceof RangeError) return known
        throw thrown
      }
    }
    return (value) => {
      try {
        first ??= compiled(schema, false)
        return passes(first, value, mostSteps) ? [] : mistakesOf(toldFully(value, first.errors ?? []))
      } catch (thrown) {
        // A stack that ends is no mistake of ours: the value is as deep as its sender made it.
        if (!(thrown instanceof TooMuch) && !(thrown instanceof RangeError)) throw thrown
        throw new Problem('INVALID_ARGUMENT', 'It takes too long to see whether this request is as it should be.', {
          cause: thrown,
        })
      }
    }
  }
}

const makeAjv = (definitions: ReadonlyMap<string, Checkable>, budget: Budget, allErrors: boolean): Ajv2020 => {
  const spend = (steps: number): void => {
    budget.left -= steps
    if (budget.left < 0) budget.spent()
  }
  const ajv = new Ajv2020({
    allErrors,
    formats,
    strict: false,
    strictNumbers: true,
    meta: false,
    // Schemas were read word by word.
    validateSchema: false,
    messages: false,
    logger: false,
    ownProperties: true,
    // 0.07 is seven times 0.01, if not in doubles.
    multipleOfPrecision: 6,
    code: { regExp: Object.assign((pattern: string) => runnable(pattern, spend), { code: 'linearPattern' }) },
  })
  ajv.addKeyword({
    keyword: counted,
    code({ gen }) {
      const left = gen.scopeValue('obj', { ref: budget, key: budget })
      gen.if(_`--${left}.left < 0`, () => gen.code(_`${left}.spent()`))
    },
  })
  // In place of one whose time is the square of what objects there are.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    validate(unique: boolean, items: readonly Json[]) {
      if (!unique) return true
      const texts = items.map(textOf)
      spend(texts.reduce((sum, text) => sum + text.length, 0))
      return new Set(texts).size === items.length
    },
  })
  // In place of one that goes through the whole list for each value.
  ajv.removeKeyword('enum')
  ajv.addKeyword({
    keyword: 'enum',
    compile(values: readonly Json[]) {
      const known = new Set(values.filter((value) => !isHolder(value)))
      const texts = new Set(values.filter(isHolder).map(textOf))
      return (value: Json) => {
        if (!isHolder(value)) return known.has(value)
        if (texts.size === 0) return false
        const text = textOf(value)
        spend(text.length)
        return texts.has(text)
      }
    },
  })
  const made = new Map<string, Definition>()
  ajv.addKeyword({
    keyword: reference,
    schemaType: 'string',
    code(context) {
      const name = context.schema as string
      const definition = made.get(name) ?? new Definition(ajv, definitions.get(name) ?? true)
      made.set(name, definition)
      callRef(context, _`${context.gen.scopeValue('wrapper', { ref: definition, key: definition })}.validate`)
    },
  })
  return ajv
}

/** A definition, made when a value first comes to it: made with all that it leads to, chains of them would be too deep. */
class Definition {
  readonly #ajv: Ajv2020
  readonly #schema: Checkable
  #validate: ValidateFunction | undefined

  constructor(ajv: Ajv2020, schema: Checkable) {
    this.#ajv = ajv
    this.#schema = schema
  }

  get validate(): ValidateFunction {
    return (this.#validate ??= this.#ajv.compile(this.#schema))
  }
}

/** A pattern as the checker runs it; it is known by its text. */
const runnable = (source: string, spend: (steps: number) => void) => {
  const pattern = linearPattern(source)
  if ('mistake' in pattern) throw new Error(`The pattern ${pattern.mistake}.`)
  return { test: (text: string) => pattern.test(text, spend), toString: () => source }
}

const isHolder = (value: Json): boolean => typeof value === 'object' && value !== null

/** The same text for equal values (JSON Schema 2020-12 §4.2.2). */
const textOf = (value: Json): string =>
  JSON.stringify(value, (_name, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : held,
  )
