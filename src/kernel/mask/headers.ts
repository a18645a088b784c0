import type { Masker } from './masker.ts'

/** Headers that hand a token to whom it is for, or ask for one. */
const ofTokens: ReadonlySet<string> = new Set(['set-cookie', 'www-authenticate', 'proxy-authenticate'])

const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The value of an answer's header (its name in lower case) with what patterns find replaced; undefined where what is
 * left is no header value (RFC 9110 §5.5), so that the header has to go.
 */
export const maskHeader = (name: string, value: string, masker: Masker): string | undefined => {
  if (masker.text(name) !== name) return undefined
  const masked = ofTokens.has(name) ? masker.textButTokens(value) : masker.text(value)
  return masked === value || fieldValue.test(masked) ? masked : undefined
}
