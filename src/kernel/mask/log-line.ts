import { maskJson, maskJsonAt, Unmaskable } from './json.ts'
import type { Masker } from './masker.ts'

const removed = '{"level":"error","msg":"a line of the log could not be masked, and is not shown"}\n'

/** A line of the log, masked: also JSON and queries inside of its texts, such as a body or an address that a cause tells of. */
export const logLineMasker = (masker: Masker): ((line: string) => string) => {
  const inner: Masker = { ...masker, text: (text) => masker.text(maskQueries(text, masker)) }
  const line: Masker = { ...masker, text: (text) => maskInside(text, inner) }
  return (text) => {
    try {
      return maskJson(text, line, { removed: 'gone' })
    } catch (error) {
      if (error instanceof Unmaskable) return removed
      throw error
    }
  }
}

const beginsJson = /[{[]\s*["{[]/g

/** What is cut off in the middle and has a name that a rule is for is not shown from there on. */
const maskInside = (text: string, masker: Masker): string => {
  let out = ''
  let past = 0
  beginsJson.lastIndex = 0
  for (let found = beginsJson.exec(text); found !== null; found = beginsJson.exec(text)) {
    const { index } = found
    try {
      const inside = maskJsonAt(text, index, masker)
      out += masker.text(text.slice(past, index)) + inside.text
      past = inside.end
    } catch (error) {
      if (!(error instanceof Unmaskable)) throw error
      if (masker.names.some((name) => text.includes(name, index)))
        return `${out}${masker.text(text.slice(past, index))}[removed: it could not be masked]`
      break
    }
    beginsJson.lastIndex = past
  }
  return out + masker.text(text.slice(past))
}

const parameter = /([?&])([^=&?#\s"']+)=([^&#\s"']*)/g

/** The parameters of a query are members like others: `?taxId=` is as good as `{"taxId":`. */
const maskQueries = (text: string, { root, names }: Masker): string =>
  names.length === 0 || !text.includes('=')
    ? text
    : text.replaceAll(parameter, (whole, mark: string, name: string, value: string) => {
        const { hit } = root.step(plainText(name))
        return hit === undefined
          ? whole
          : `${mark}${name}=${encodeURIComponent((hit.become?.(plainText(value)) ?? '').toWellFormed())}`
      })

const plainText = (encoded: string): string => {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return encoded
  }
}
