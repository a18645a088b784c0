import type { Json } from '../../kernel/json.ts'
import type { NamedTemplate, RequestTemplate, ValueTemplate } from '../request.ts'
import { type Expression, evaluate, isComposite, noCall, type Scope, type Template, textOf } from '../template.ts'

/** The longest line and the longest value that are shown whole. */
const longestLine = 300
const longestValue = 60

/** What is never shown, by the name of what it is read from. */
const secretName = /pass|secret|token|api_?key|authorization|cookie|credential/i

/** What values are read from; `masked` says that none may be shown, for a masked one would not be known here. */
export type Shown = Scope & { readonly masked?: boolean | undefined }

/**
 * A request as text for people: what it asks, never whom and with which rights. What is read of claims and headers
 * stays a placeholder, and so do values that equal a claim, that have a secret's name, or are objects; bodies and
 * headers are left out.
 */
export const requestLine = (request: RequestTemplate, scope: Shown): string => {
  if (request.kind === 'grpc') {
    const message = messageText(request.message, scope)
    return cut(`${request.method.path.slice(1)}${message === '{}' ? '' : ` ${message}`}`, longestLine)
  }
  const query = request.query.flatMap((parameter) => pairs(parameter, scope)).join('&')
  const path = `${request.method} ${textIn(request.path, scope, encoded) ?? ''}`
  return cut(query === '' ? path : `${path}?${query}`, longestLine)
}

/** A value as it may be shown; its placeholder where it may not, undefined where there is none. */
const shown = (expression: Expression, scope: Shown): Json | undefined => {
  const placeholder = `{${expression.text}}`
  const { root, path, field } = expression
  const hidden =
    scope.masked === true ||
    root === 'claims' ||
    root === 'header' ||
    [path.at(-1), field].some((name = '') => secretName.test(name))
  try {
    const plain = evaluate({ ...expression, pipes: [] }, scope)
    if (plain === noCall || plain === undefined || plain === null) return undefined
    if (hidden || !isShowable(plain, scope)) return placeholder
    const value = evaluate(expression, scope)
    return value === noCall ? undefined : value
  } catch {
    return placeholder
  }
}

const isShowable = (value: Json, scope: Scope): boolean => {
  if (Array.isArray(value)) return value.every((item: Json) => isShowable(item, scope))
  return !isComposite(value) && !isClaim(textOf(value), scope.claims)
}

/** Whether a text is what a claim says, such as who the caller is. */
const isClaim = (text: string, claims: unknown): boolean => {
  if (claims === null || claims === undefined) return false
  if (Array.isArray(claims)) return claims.some((claim) => isClaim(text, claim))
  if (isComposite(claims as Json)) return Object.values(claims).some((claim) => isClaim(text, claim))
  return textOf(claims as Json) === text
}

const pairs = ({ name, value }: NamedTemplate, scope: Shown): readonly string[] => {
  const [only] = value
  if (value.length === 1 && typeof only === 'object') {
    const found = shown(only, scope)
    if (Array.isArray(found)) return found.map((item: Json) => `${name}=${encoded(textOf(item))}`)
  }
  const text = textIn(value, scope, encoded)
  return text === undefined ? [] : [`${name}=${text}`]
}

/** The text of a template; undefined where a value of it is absent. */
const textIn = (template: Template, scope: Shown, encode: (text: string) => string): string | undefined => {
  let text = ''
  for (const part of template) {
    const value = typeof part === 'string' ? part : shown(part, scope)
    if (value === undefined) return undefined
    text += typeof part === 'string' || value === `{${part.text}}` ? textOf(value) : encode(textOf(value))
  }
  return text
}

const encoded = (text: string): string => cut(encodeURIComponent(text.toWellFormed()), longestValue)

const messageText = (template: ValueTemplate, scope: Shown): string => {
  switch (template.kind) {
    case 'literal':
      return JSON.stringify(template.value)
    case 'template': {
      const [only] = template.template
      const whole = template.template.length === 1 && typeof only === 'object'
      const value = whole ? shown(only, scope) : textIn(template.template, scope, (text) => text)
      return value === undefined ? '' : cut(JSON.stringify(value), longestValue)
    }
    case 'list':
      return `[${told(template.items.map((item) => messageText(item, scope)))}]`
    case 'object':
      return `{${told(
        template.fields.map(([name, field]) => {
          const text = secretName.test(name) ? '"…"' : messageText(field, scope)
          return text === '' ? '' : `${JSON.stringify(name)}:${text}`
        }),
      )}}`
  }
}

const told = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(',')

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
