import { distance } from 'fastest-levenshtein'
import { type Mend, type Place, placeAt } from './diagnostic.ts'

/**
 * The candidate that a misspelt name can only mean: it differs by case alone or by two letters at most, one in three,
 * and every other one by two letters more. Undefined where a person should look.
 */
export const correction = (name: string, candidates: Iterable<string>): string | undefined => {
  const [best, next] = [...new Set(candidates)]
    .map((text) => ({ text, letters: lettersBetween(name.toLowerCase(), text.toLowerCase()) }))
    .toSorted((a, b) => a.letters - b.letters)
  if (best === undefined || best.text === name || best.letters > Math.min(2, Math.floor(name.length / 3)))
    return undefined
  return next !== undefined && next.letters < best.letters + 2 ? undefined : best.text
}

/** Two neighbours in each other's place are one slip. */
const lettersBetween = (a: string, b: string): number => {
  let at = 0
  while (at < a.length && a[at] === b[at]) at += 1
  const swapped = a.slice(0, at) + (a[at + 1] ?? '') + (a[at] ?? '') + a.slice(at + 2)
  return swapped === b && a !== b ? 1 : distance(a, b)
}

type Stretch = { readonly file: string; readonly text: string; readonly start: number; readonly end: number }

/** The edit of a word that stands once in a stretch of a file; undefined where it does not, or the two have no such word. */
export const mendWord = (
  { file, text, start, end }: Stretch,
  old: string,
  replacement: string | undefined,
): Mend | undefined => {
  if (replacement === undefined || old === '') return undefined
  const written = text.slice(start, end)
  const found = wordsLike(written, old)
  const [at] = found
  return at === undefined || found.length > 1
    ? undefined
    : { place: placeAt(file, text, start + at), old, new: replacement }
}

const wordsLike = (text: string, word: string): readonly number[] => {
  const found: number[] = []
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1))
    if (!isWordPart(text[at - 1]) && !isWordPart(text[at + word.length])) found.push(at)
  return found
}

const isWordPart = (letter: string | undefined): boolean => letter !== undefined && /[\w$]/.test(letter)

/** The edit of what stands at a place, behind a quote perhaps; undefined where it does not stand there. */
export const mendAt = (place: Place, old: string, replacement: string | undefined): Mend | undefined => {
  const quoted = /["']/.test(place.text[place.column - 1] ?? '') ? 1 : 0
  const column = place.column + quoted
  return replacement === undefined || old === '' || !place.text.startsWith(old, column - 1)
    ? undefined
    : { place: { ...place, column }, old, new: replacement }
}
