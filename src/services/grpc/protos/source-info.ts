import { type Place, startOf } from '../../../kernel/diagnostic.ts'
import { type FileDescriptor, fieldNumbers, locationsOf, type SourceLocation } from './descriptor-schema.ts'
import type { DefiningFile } from './places.ts'

/** What a descriptor set keeps of its texts: comments and places. Both are absent where the compiler left them out. */
export type SourceInfo = {
  /** The comment at an element, by its path in the file's descriptor. */
  commentAt(path: string): string | null
  /** Keeps where an element of this full name is, so that `file` can answer for it. */
  defined(fullName: string, path: string): void
  readonly file: DefiningFile
}

/** @param shown what the file is called in diagnostics */
export const sourceInfo = (file: FileDescriptor, shown: string): SourceInfo => {
  const locations = new Map<string, SourceLocation>()
  for (const location of locationsOf(file)) locations.set(location.path.join(), location)
  const positions: Positions = new Map()
  return {
    commentAt(path) {
      const { leadingComments = '', trailingComments = '' } = locations.get(path) ?? {}
      return commentText(leadingComments) || commentText(trailingComments) || null
    },
    defined(fullName, path) {
      const [line, column] = (locations.get(`${path},${fieldNumbers.name}`) ?? locations.get(path))?.span ?? []
      if (line !== undefined && column !== undefined && !positions.has(fullName))
        positions.set(fullName, [line, column])
    },
    file: fileOfPositions(shown, positions),
  }
}

type Positions = Map<string, readonly [line: number, column: number]>

// A function of its own: what outlives the loading must not hold on to all locations.
const fileOfPositions = (shown: string, positions: Positions): DefiningFile => ({
  shown,
  start: startOf(shown),
  placesOf(fullName): readonly Place[] {
    const position = positions.get(fullName)
    return position === undefined ? [] : [{ file: shown, line: position[0] + 1, column: position[1] + 1, text: '' }]
  },
})

/** As protobufjs takes comments out of texts: `///` is a comment too, and lines are not indented. */
const commentText = (comment: string): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\/*/, '').trim())
    .join('\n')
    .trim()
