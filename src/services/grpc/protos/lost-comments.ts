import protobuf, { type ReflectionObject } from 'protobufjs'
import { definitionsIn } from './definitions.ts'
import { nameInFile } from './places.ts'

/**
 * protobufjs looks for a field's comment above the line on which its number stands. Of fields that were broken into
 * several lines, as formatters do, this finds it above the first. Texts by the names of their files.
 */
export const findLostComments = (objects: Iterable<ReflectionObject>, texts: ReadonlyMap<string, string>): void => {
  const files = new Map<string, (fullName: string) => string | undefined>()
  for (const [name, text] of texts) {
    if (!brokenField.test(text)) continue
    const definitions = definitionsIn(text)
    files.set(name, (fullName) => {
      const [definition] = definitions.get(fullName) ?? []
      return definition === undefined || !text.slice(definition.start, definition.end).includes('\n')
        ? undefined
        : commentBefore(text, definition.start)
    })
  }
  for (const object of objects) {
    if (!(object instanceof protobuf.Field) || object.filename === null || (object.comment ?? '') !== '') continue
    object.comment = files.get(object.filename)?.(nameInFile(object)) ?? null
  }
}

/** Whether a text may have such fields. Most have none, and are not read again. */
const brokenField = /\n\s*=|=\s*\n|\n[ \t]+[a-z]\w* = \d/

/** The comment that ends on the line before an offset, in the form that protobufjs gives comments. */
const commentBefore = (text: string, offset: number): string | undefined => {
  const before = text.slice(Math.max(0, offset - maxComment), offset)
  const lines = /(?:^|\n)(?<lines>(?:[ \t]*\/\/[^\n]*\n)+)[ \t]*$/.exec(before)?.groups?.['lines']
  const block =
    lines === undefined
      ? /\/\*(?<block>(?:[^*]|\*(?!\/))*)\*\/[ \t]*\r?\n[ \t]*$/.exec(before)?.groups?.['block']
      : undefined
  return (lines ?? block)
    ?.split('\n')
    .map((line) => line.replace(lines === undefined ? /^\s*\*?/ : /^\s*\/*/, '').trim())
    .join('\n')
    .trim()
}

const maxComment = 16_384
