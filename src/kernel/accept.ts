/**
 * Which of the offered media types a client prefers (RFC 9110 §12.5.1): the most specific range decides each type's
 * weight, and of equal ones the first offered wins. Undefined where it takes none of them.
 */
export const preferredType = <Offered extends string>(
  accept: string | undefined,
  offered: readonly Offered[],
): Offered | undefined => {
  if (accept === undefined || accept.trim() === '') return offered[0]
  const ranges = accept.split(',').map(rangeOf)
  let best: Offered | undefined
  let most = 0
  for (const type of offered) {
    const weight = weightOf(type, ranges)
    if (weight > most) {
      most = weight
      best = type
    }
  }
  return best
}

type Range = { readonly type: string; readonly weight: number }

const rangeOf = (text: string): Range => {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
  return { type, weight: weight >= 0 && weight <= 1 ? weight : 0 }
}

const weightOf = (type: string, ranges: readonly Range[]): number => {
  for (const form of [type, `${type.split('/', 1)[0]}/*`, '*/*']) {
    const range = ranges.find((one) => one.type === form)
    if (range !== undefined) return range.weight
  }
  return 0
}
