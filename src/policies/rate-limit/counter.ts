import type { Rule } from './rule.ts'

/** What a limit counts for one caller: units under a key, by a rule. */
export type Charge = {
  readonly counter: Counter
  readonly key: string
  readonly units: number
}

/** One limit's counts in this process, and what they are called where replicas share them. */
export type Counter = {
  readonly rule: Rule
  /** Stable over reloads; another kind or window is another name, another limit is not. */
  readonly name: string
  readonly table: import('./table.ts').CallerTable
  /** The rule of this process alone: its share of the whole. */
  readonly share: Rule
}

/** What came of charging several limits at once: all of them, or none. */
export type Verdict = {
  /** Place of the limit that refused, the one that makes wait longest; -1 where all had room. */
  readonly refused: number
  /** Until the refused charge may pass. */
  readonly waitMs: number
  /** Place of the limit that refused, else of that with the least of its units left. */
  readonly nearest: number
  /** Whole units the nearest still has. */
  readonly remaining: number
  readonly resetMs: number
  /** Whether this process counted by itself because what replicas share was not to be had. */
  readonly alone: boolean
}

/** Charges all or none: what one limit refuses counts in no other. At once where nothing has to be asked for. */
export type Take = (charges: readonly Charge[]) => Verdict | Promise<Verdict>
