import type { Json } from '../kernel/json.ts'
import type { Expression, Pipe, Root, Template } from './template.ts'

const expressionForm =
  /^(?<root>[a-z]+)(?:\.(?<path>[\w$-]+(?:\.[\w$-]+)*))?\s*(?:\?\?\s*(?<fallback>'[^']*'|[^|'\s]+)\s*)?(?<pipes>(?:\|\s*[a-z0-9]+(?:\('[^']*'\))?\s*)*)$/

const pipeForm = /\|\s*(?<name>[a-z0-9]+)(?:\('(?<argument>[^']*)'\))?/g

/** Reads a template; the answer is a string when it is wrong, saying how. */
export const parseTemplate = (text: string): Template | string => {
  const parts: (string | Expression)[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('{', at)
    if (open < 0) break
    const close = text.indexOf('}', open)
    if (close < 0) return `The placeholder ${text.slice(open)} has no closing brace.`
    if (open > at) parts.push(text.slice(at, open))
    const expression = parseExpression(text.slice(open + 1, close).trim())
    if (typeof expression === 'string') return expression
    parts.push(expression)
    at = close + 1
  }
  if (at < text.length) parts.push(text.slice(at))
  return parts
}

const roots: readonly string[] = ['args', 'this', 'keys', 'claims', 'header'] satisfies Root[]

const parseExpression = (text: string): Expression | string => {
  const groups = expressionForm.exec(text)?.groups
  if (groups === undefined)
    return `{${text}} is not a placeholder; write {root.path}, such as {args.id} or {keys.id|join(',')}.`
  const { root = '', path, fallback, pipes = '' } = groups
  if (!roots.includes(root))
    return `{${text}} starts with ${root}, but a placeholder starts with args, this, keys, claims or header.`
  if (path === undefined && root !== 'keys') return `{${text}} names nothing; write {${root}.name}.`
  const parsed: Pipe[] = []
  for (const { groups: pipe } of pipes.matchAll(pipeForm)) {
    const made = makePipe(pipe?.['name'] ?? '', pipe?.['argument'])
    if (typeof made === 'string') return made
    parsed.push(made)
  }
  return {
    text,
    root: root as Root,
    path: path?.split('.') ?? [],
    pipes: parsed,
    ...(fallback === undefined ? {} : { fallback: literal(fallback) }),
  }
}

const makePipe = (name: string, argument: string | undefined): Pipe | string => {
  if (name === 'join')
    return argument === undefined || argument === ''
      ? "join needs a separator: join(',')."
      : { name, separator: argument }
  if (name === 'json' || name === 'lower' || name === 'upper' || name === 'base64')
    return argument === undefined ? { name } : `${name} takes no argument.`
  return `There is no pipe ${name}. There are: join(','), json, lower, upper, base64.`
}

const literal = (text: string): Json => {
  if (text.startsWith("'")) return text.slice(1, -1)
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
