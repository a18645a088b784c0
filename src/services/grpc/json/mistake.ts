import { isRawNumber, type Json } from '../../../kernel/json.ts'
import { shortened } from '../../../kernel/shortened.ts'

/**
 * What is wrong with a client's JSON. It gathers its path on the way out: whoever looks into a field, a list or a map
 * adds the step it took.
 */
export class Mistake extends Error {
  override readonly name = 'Mistake'
  /** Innermost first. */
  private readonly steps: string[] = []

  /** `items[3].price.units: expected a string, got 5` */
  explain(): string {
    const path = this.steps.toReversed().join('').replace(/^\./, '')
    return path === '' ? this.message : `${middleCut(path)}: ${this.message}`
  }

  inside(step: string): this {
    this.steps.push(step)
    return this
  }
}

/** A value that is not what its field takes. */
export const unexpected = (expected: string, json: Json): Mistake =>
  new Mistake(`expected ${expected}, got ${shown(json)}`)

export const insideField = (thrown: unknown, name: string): unknown =>
  thrown instanceof Mistake ? thrown.inside(`.${shortened(name, longestShown)}`) : thrown

export const insideItem = (thrown: unknown, index: number): unknown =>
  thrown instanceof Mistake ? thrown.inside(`[${index}]`) : thrown

export const insideEntry = (thrown: unknown, key: string): unknown =>
  thrown instanceof Mistake ? thrown.inside(`[${shortened(JSON.stringify(key), longestShown)}]`) : thrown

/** Long values are the client's own, and known to it. */
const longestShown = 40
const longestPath = 120

const middleCut = (path: string): string =>
  path.length > longestPath ? `${path.slice(0, longestPath / 2)}…${path.slice(-longestPath / 2)}` : path

const shown = (json: Json): string => {
  if (typeof json === 'string') return shortened(JSON.stringify(json.slice(0, longestShown + 1)), longestShown)
  if (Array.isArray(json)) return 'a list'
  if (isRawNumber(json)) return shortened(json.rawJSON, longestShown)
  return typeof json === 'object' && json !== null ? 'an object' : String(json)
}
