const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const type = new RegExp(`^${token}/${token}$`)
const parameter = new RegExp(`^${token}=(?:${token}|"[^"\\\\]*")$`)

/**
 * The media type of a Content-Type in lower case, without its parameters (RFC 9110 §8.3.1). Undefined for what readers
 * may read in several ways: a list, a parameter without a value, a quote that holds a `;`.
 */
export const mediaType = (field: string): string | undefined => {
  const [first = '', ...parameters] = field.split(';').map((part) => part.replace(/^[ \t]+/, '').trimEnd())
  if (!type.test(first) || !parameters.every((one) => one === '' || parameter.test(one))) return undefined
  return first.toLowerCase()
}
