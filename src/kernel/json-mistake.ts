import { shortened } from './shortened.ts'

/** How much of what the JSON of a request may hold. */
export type JsonLimits = {
  /** How deep lists and objects may lie inside of one another. */
  readonly depth: number
  /** Members of objects and items of lists, all together. */
  readonly values: number
  /** Characters of one string or key, as they are written: an escape such as `\u00e9` is six. */
  readonly string?: number | undefined
}

/** One token of JSON (RFC 8259) behind its blanks: a mark, a string's content, or another scalar. */
const tokens =
  // oxlint-disable-next-line no-control-regex -- JSON strings hold none of these unescaped
  /[ \t\n\r]*(?:([{}[\]:,])|"([^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\u0000-\u001f]*)*)"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y

type Token = { readonly mark: string | undefined; readonly string: string | undefined }

/** An object, with its keys so far, or a list, or what is around everything. */
type Level = { readonly kind: 'object' | 'list' | 'text'; readonly keys: Set<string>; expects: Expected }

type Expected =
  | 'a value'
  | 'a value or ]'
  | 'a name'
  | 'a name or }'
  | 'a colon'
  | 'a comma or }'
  | 'a comma or ]'
  | 'nothing more'

const longestKey = 40

/**
 * What is wrong with a text that was refused, such as `line 3, column 7: expected a comma or }`. It reads the text
 * once more, with care, on this path only.
 */
export const explainJson = (text: string, limits: JsonLimits): string => {
  const levels: Level[] = [{ kind: 'text', keys: new Set(), expects: 'a value' }]
  let values = 1
  for (let at = 0; ; at = tokens.lastIndex) {
    tokens.lastIndex = at
    const found = tokens.exec(text)
    const start = at + blanks(text, at)
    if (found === null)
      return `${place(text, start)}: ${expectation(levels)}${start === text.length ? ', got the end' : ''}`
    const [, mark, string] = found
    const mistake = take({ mark, string }, levels)
    if (mark === ',' || mark === '[' || mark === '{') values += 1
    const wrong = mistake ?? past(limits, { depth: levels.length - 1, values, string: string?.length ?? 0 })
    if (wrong !== undefined) return `${place(text, start)}: ${wrong}`
  }
}

const past = (limits: JsonLimits, found: JsonLimits & { readonly string: number }): string | undefined => {
  if (found.depth > limits.depth) return `nested more than ${limits.depth} deep`
  if (found.values > limits.values) return `more than ${limits.values} values`
  const { string = found.string } = limits
  return found.string > string ? `a string of more than ${string} characters` : undefined
}

const blanks = (text: string, from: number): number => {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1
  return at - from
}

const place = (text: string, at: number): string => {
  const before = text.slice(0, at)
  const lineStart = before.lastIndexOf('\n') + 1
  let line = 1
  for (let end = before.indexOf('\n'); end >= 0; end = before.indexOf('\n', end + 1)) line += 1
  return `line ${line}, column ${at - lineStart + 1}`
}

const expectation = (levels: readonly Level[]): string => `expected ${(levels.at(-1) as Level).expects}`

/** Goes on by one token, or says what is wrong with it. */
const take = ({ mark, string }: Token, levels: Level[]): string | undefined => {
  const here = levels.at(-1) as Level
  const { expects } = here
  const mistake = expectation(levels)
  switch (mark) {
    case ':':
      if (expects !== 'a colon') return mistake
      here.expects = 'a value'
      return undefined
    case ',':
      if (expects !== 'a comma or }' && expects !== 'a comma or ]') return mistake
      here.expects = here.kind === 'object' ? 'a name' : 'a value'
      return undefined
    case '}':
    case ']':
      if (!expects.endsWith(mark)) return mistake
      levels.pop()
      return undefined
    default:
  }
  if (string !== undefined && expects.startsWith('a name')) return takeName(string, here)
  if (!expects.startsWith('a value')) return mistake
  here.expects = here.kind === 'text' ? 'nothing more' : here.kind === 'object' ? 'a comma or }' : 'a comma or ]'
  if (mark === '{') levels.push({ kind: 'object', keys: new Set(), expects: 'a name or }' })
  if (mark === '[') levels.push({ kind: 'list', keys: new Set(), expects: 'a value or ]' })
  return undefined
}

const takeName = (string: string, here: Level): string | undefined => {
  const name = JSON.parse(`"${string}"`) as string
  if (here.keys.has(name)) {
    return `the key ${JSON.stringify(shortened(name, longestKey))} is there twice`
  }
  here.keys.add(name)
  here.expects = 'a colon'
  return undefined
}
