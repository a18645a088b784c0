import { type Document, isCollection, parseDocument, Scalar, visit, type YAMLParseError } from 'yaml'

/** Something wrong with the text itself, at a character offset. */
export type SyntaxMistake = { readonly offset: number; readonly message: string }

export type ParsedText = {
  readonly document: Document
  /** Where there is any, the document may not say what its author meant. */
  readonly mistakes: readonly SyntaxMistake[]
  /** Unquoted `${…}` by offset, each with its message: they were read as plain words so that the rest could be read. */
  readonly repaired: ReadonlyMap<number, string>
}

/**
 * Reads YAML 1.2. An unquoted `${…}` inside `{ }` or `[ ]` would end the collection and bury its cause under
 * echoes: it is reported once, replaced by a word of the same length, and reading goes on.
 */
export const parseText = (text: string): ParsedText => {
  const repaired = new Map<number, string>()
  let readable = text
  for (;;) {
    const document = parsed(readable)
    if (document === undefined) return { ...unreadable, repaired }
    const unquoted = document.errors.length === 0 ? [] : unquotedIn(document, readable)
    if (unquoted.length === 0) {
      const syntax = [...reported(document.errors), ...document.warnings.map(({ pos }) => tagMistake(readable, pos))]
      return { document, mistakes: syntax, repaired }
    }
    for (const { start, dollar, end } of unquoted) {
      const written = text.slice(start, end)
      repaired.set(
        start,
        `YAML reads the braces of an unquoted ${text.slice(dollar, end)} as its own inside { } and [ ]. Quote it: "${written}".`,
      )
      readable = `${readable.slice(0, dollar + 1)}${'_'.repeat(end - dollar - 1)}${readable.slice(end)}`
    }
  }
}

const parsed = (text: string): Document | undefined => {
  try {
    return parseDocument(text, { prettyErrors: false, uniqueKeys: false })
  } catch (error) {
    // The parser recurses: what nests thousands of levels exhausts the stack, and is no workspace.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const unreadable: Omit<ParsedText, 'repaired'> = {
  document: parseDocument(''),
  mistakes: [{ offset: 0, message: 'The file nests too deeply to be read.' }],
}

type Unquoted = { readonly start: number; readonly dollar: number; readonly end: number }

const unquotedIn = (document: Document, text: string): readonly Unquoted[] => {
  const found: Unquoted[] = []
  visit(document, {
    Scalar(_, node, parents) {
      const [start, end] = node.range ?? [0, 0]
      const inFlow = parents.some((parent) => isCollection(parent) && parent.flow === true)
      if (!inFlow || node.type !== Scalar.PLAIN || text[end - 1] !== '$' || text[end] !== '{') return
      const close = text.slice(end).search(/[}\n]/)
      if (close > 0 && text[end + close] === '}') found.push({ start, dollar: end - 1, end: end + close + 1 })
    },
  })
  return found
}

/** Mistakes that leave the rest of the file as it is; after any other one, the parser's later errors are echoes. */
const local = new Set(['TAB_AS_INDENT', 'BAD_SCALAR_START', 'BAD_ALIAS', 'BAD_DQ_ESCAPE'])

const reported = (errors: readonly YAMLParseError[]): readonly SyntaxMistake[] => {
  const firstOther = errors.find(({ code }) => !local.has(code))
  return errors
    .filter(
      (error) => error === firstOther || (local.has(error.code) && error.pos[0] <= (firstOther?.pos[0] ?? Infinity)),
    )
    .map((error) => ({ offset: error.pos[0], message: sentenceFor(error) }))
}

const sentences: Readonly<Record<string, string>> = {
  UNEXPECTED_TOKEN: 'This does not fit what stands before it. Check the indentation, or quote the value.',
  BAD_INDENT: 'A { } or [ ] above is not closed, or the lines in it are not indented.',
  TAB_AS_INDENT: 'YAML is indented with spaces, not tabs.',
  MULTIPLE_DOCS: 'A workspace is one YAML document. Remove everything from this --- on.',
  BLOCK_AS_IMPLICIT_KEY:
    'A second "key: value" cannot start inside a value. Quote a value that holds ": ", or check the indentation of the lines around it.',
  MULTILINE_IMPLICIT_KEY: 'This line is neither "key: value" nor part of a value. Is a colon missing after the key?',
}

const sentenceFor = ({ code, message }: YAMLParseError): string => {
  const own = sentences[code]
  if (own !== undefined) return own
  if (code === 'BAD_SCALAR_START') return `${message.replace(/^Plain value/, 'An unquoted value')}. Quote it.`
  return `${message.replace(/"quote/, '" quote')}.`
}

const tagMistake = (text: string, [start, end]: [number, number]): SyntaxMistake => ({
  offset: start,
  message: `The tag ${text.slice(start, end)} has no meaning here. Remove it, or quote a text that starts with !.`,
})
