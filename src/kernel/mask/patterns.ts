/** Where a text holds what a pattern is for: starts and ends in turn, in order, none inside another. Takes time in proportion to the text. */
export type Find = (text: string) => readonly number[]

const isDigit = (code: number): boolean => code >= 48 && code <= 57

const nothing: readonly number[] = []

const fewestDigits = 12

/** Whether a text has as many digits as a card number: nearly none has, and a look is cheaper than an expression. */
const hasDigits = (text: string): boolean => {
  let left = fewestDigits
  for (let at = 0; at + left <= text.length; at += 1) {
    if (!isDigit(text.charCodeAt(at))) continue
    left -= 1
    if (left === 0) return true
  }
  return false
}

/** First digits and lengths that issuers of cards have (ISO/IEC 7812); the check digit alone lets every tenth number through. */
const issued =
  /^(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12,17}|35\d{14,17}|5[06-9]\d{10,17}|6\d{11,18})$/

/** The Luhn check digit (ISO/IEC 7812-1 Annex B). */
const isLuhn = (digits: string): boolean => {
  let sum = 0
  for (let i = digits.length - 1, double = false; i >= 0; i -= 1, double = !double) {
    const digit = digits.charCodeAt(i) - 48
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit
  }
  return sum % 10 === 0
}

/** Blanks of all widths, dashes, and the plus that a blank is in a form. */
const groups = /\d(?:[ +\-\u00a0\u2007\u2009\u2010-\u2014\u202f]?\d){11,}/g

/** Card numbers, in groups of digits between single blanks or dashes: from the start of any group to the end of one. */
export const findCards: Find = (text) => {
  if (!hasDigits(text)) return nothing
  const found: number[] = []
  for (const { 0: run, index } of text.matchAll(groups)) {
    let at = 0
    while (at < run.length) {
      const end = cardAt(run, at)
      if (end > 0) found.push(index + at, index + end)
      at = end > 0 ? end : nextGroup(run, at)
    }
  }
  return found
}

const nextGroup = (run: string, at: number): number => {
  let next = at + 1
  while (next < run.length && (isDigit(run.charCodeAt(next - 1)) || !isDigit(run.charCodeAt(next)))) next += 1
  return next
}

const longestCard = 19

/** Where the longest card number that starts there ends; 0 where none does. */
const cardAt = (run: string, start: number): number => {
  let digits = ''
  let found = 0
  if (!isDigit(run.charCodeAt(start))) return 0
  for (let at = start; at < run.length && digits.length < longestCard; at += 1) {
    if (!isDigit(run.charCodeAt(at))) continue
    digits += run[at]
    const isGroupEnd = at + 1 === run.length || !isDigit(run.charCodeAt(at + 1))
    if (isGroupEnd && issued.test(digits) && isLuhn(digits)) found = at + 1
  }
  return found
}

const outsideOfAddress = /[\s"'<>()[\]{},;:\\/|=&?]/

/** E-mail addresses: what stands around an @, up to what separates words; its domain has a dot. */
export const findEmails: Find = (text) => {
  if (!text.includes('@')) return nothing
  const found: number[] = []
  let past = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > past && !outsideOfAddress.test(text[start - 1] as string)) start -= 1
    let end = at + 1
    while (end < text.length && text[end] !== '@' && !outsideOfAddress.test(text[end] as string)) end += 1
    while (text[end - 1] === '.') end -= 1
    if (start < at && text.slice(at + 1, end).includes('.')) {
      found.push(start, end)
      past = end
    } else past = at + 1
  }
  return found
}

const startsIban = /[A-Za-z]{2}\d{2}/
const ibanLike = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ +\-\u00a0\u2009\u202f]?[A-Za-z0-9]){11,30}/g
const shortestIban = 15

/** Account numbers whose check digits are right (ISO 13616, ISO 7064 mod 97-10). */
export const findIbans: Find = (text) => {
  if (text.length < shortestIban || !startsIban.test(text)) return nothing
  const found: number[] = []
  for (const { 0: run, index } of text.matchAll(ibanLike)) {
    const ends = Array.from({ length: run.length }, (_, i) => run.length - i)
    const isSound = (end: number): boolean => isIban(run.slice(0, end).replaceAll(/[^A-Za-z0-9]/g, ''))
    // What follows may be the next word: by chance one of 97 ends inside it is sound too.
    const end = ends.find((at) => !/[A-Za-z0-9]/.test(text[index + at] ?? ' ') && isSound(at)) ?? ends.find(isSound)
    if (end !== undefined) found.push(index, index + end)
  }
  return found
}

const isIban = (number: string): boolean => {
  if (number.length < shortestIban) return false
  let rest = 0
  for (const character of number.slice(4) + number.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

const scheme = /bearer|basic/i
const bearer = /\b(?:Bearer|Basic) +([\w.~+/-]+=*)/gi
const dotted = /[\w.-]+/g
/** `{"` as base64url, with which a JWT begins (RFC 7519 §7.1). */
const jsonBegins = 'eyJ'

/** Bearer tokens and JWTs. */
export const findTokens: Find = (text) => {
  const [shown, signed] = [scheme.test(text), text.includes(jsonBegins)]
  if (!shown && !signed) return nothing
  const found: number[] = []
  for (const { 0: whole, 1: token = '', index } of shown ? text.matchAll(bearer) : [])
    if (token.length >= 8) found.push(index + whole.length - token.length, index + whole.length)
  if (!signed) return found
  for (const { 0: run, index } of text.matchAll(dotted)) {
    const at = run.indexOf(jsonBegins)
    if (at >= 0 && run.slice(at).split('.').length >= 3) found.push(index + at, index + run.length)
  }
  return ordered(found)
}

/** What several patterns find in one text, those that touch as one. */
const ordered = (found: readonly number[]): readonly number[] => {
  const spans = Array.from({ length: found.length / 2 }, (_, i) => [found[2 * i] as number, found[2 * i + 1] as number])
  spans.sort(([one = 0], [other = 0]) => one - other)
  const joined: number[] = []
  for (const [start = 0, end = 0] of spans) {
    const last = joined.length - 1
    if (last > 0 && start <= (joined[last] as number)) joined[last] = Math.max(end, joined[last] as number)
    else joined.push(start, end)
  }
  return joined
}

/**
 * A form of one's own, character by character: `#` a digit, `@` a letter, `*` a letter or digit, and at the end `+`
 * for whatever letters and digits follow; anything else is itself. Undefined where it would fit nearly everything.
 */
export const findLike = (form: string): Find | undefined => {
  const open = form.endsWith('+')
  const wanted = open ? form.slice(0, -1) : form
  if (wanted.length < 4 || wanted.length > 64) return undefined
  const fits = (text: string, from: number): boolean => {
    for (let i = 0; i < wanted.length; i += 1) if (!fitsAt(wanted[i] as string, text[from + i])) return false
    return true
  }
  return (text) => {
    const found: number[] = []
    for (let at = 0; at + wanted.length <= text.length; ) {
      if (!fits(text, at)) {
        at += 1
        continue
      }
      let end = at + wanted.length
      if (open) while (end < text.length && /[A-Za-z0-9]/.test(text[end] as string)) end += 1
      found.push(at, end)
      at = end
    }
    return found
  }
}

const fitsAt = (wanted: string, character: string | undefined): boolean => {
  if (character === undefined) return false
  if (wanted === '#') return isDigit(character.charCodeAt(0))
  if (wanted === '@') return /[A-Za-z]/.test(character)
  return wanted === '*' ? /[A-Za-z0-9]/.test(character) : wanted === character
}

/** The patterns that have names. */
export const patterns = { card: findCards, email: findEmails, iban: findIbans, token: findTokens } as const
