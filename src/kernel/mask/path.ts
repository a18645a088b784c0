import type { MaskRule } from './rule.ts'

/** A place in a document, as far as rules are concerned. Lists are no places: what holds for one holds for its items. */
export type Place = {
  /** The rule that this place is masked by. */
  readonly hit: MaskRule | undefined
  /** The place of a member. */
  readonly step: (name: string) => Place
}

/** A place that no rule reaches, nor any below it. */
export const nowhere: Place = { hit: undefined, step: () => nowhere }

/** The names of a path such as `user.cards[].number`; `[]` is for the reader. Undefined where it is none. */
export const parsePath = (text: string): readonly string[] | undefined => {
  const names = text.split('.').map((name) => name.replace(/(?:\[\])+$/, ''))
  const sound = names.every((name) => /^(?:\*\*?|[^\s*[\]]+)$/.test(name))
  return sound && names.at(-1) !== '**' && names.some((name) => !name.startsWith('*')) ? names : undefined
}

/** How far each rule has come: its position among the names of its path. */
type Position = { readonly rule: MaskRule; readonly names: readonly string[]; readonly at: number }

/** The root of documents that these rules are for; of two rules for one place the first listed holds. */
export const rootOf = (rules: readonly MaskRule[]): Place =>
  placeOf(
    rules.flatMap((rule) => (rule.path === undefined ? [] : [{ rule, names: rule.path, at: 0 }])),
    new Map(),
  )

const placeOf = (positions: readonly Position[], known: Map<string, Place>): Place => {
  const open = positions.flatMap(opened)
  if (open.length === 0) return nowhere
  const key = open.map(({ names, at }) => `${names.join('.')}@${at}`).join(' ')
  const before = known.get(key)
  if (before !== undefined) return before
  const named = new Set(open.flatMap(({ names, at }) => names[at] ?? []))
  // Names that no rule says are all alike, so that what clients name takes no memory.
  const others = '\u0000'
  const steps = new Map<string, Place>()
  const place: Place = {
    hit: open.find(({ names, at }) => at === names.length)?.rule,
    step(name) {
      const like = named.has(name) ? name : others
      let next = steps.get(like)
      if (next === undefined)
        steps.set(
          like,
          (next = placeOf(
            open.flatMap((one) => advanced(one, like)),
            known,
          )),
        )
      return next
    },
  }
  known.set(key, place)
  return place
}

/** `**` may stand for no name at all. */
const opened = (position: Position): readonly Position[] =>
  position.names[position.at] === '**' ? [position, ...opened({ ...position, at: position.at + 1 })] : [position]

const advanced = (position: Position, name: string): readonly Position[] => {
  const wanted = position.names[position.at]
  if (wanted === '**') return [position]
  return wanted === '*' || wanted === name ? [{ ...position, at: position.at + 1 }] : []
}
