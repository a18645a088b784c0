import { readFileSync } from 'node:fs'

/** A fenced block of a page. `words` is its info string: ```http upstream users` has three. */
export type Block = { readonly words: readonly string[]; readonly text: string; readonly line: number }

export type Case = { readonly title: string; readonly line: number; readonly blocks: readonly Block[] }

export type Page = {
  readonly file: string
  readonly title: string
  /** Blocks before the first case: what every case starts from. */
  readonly ground: readonly Block[]
  readonly cases: readonly Case[]
}

/** Reads a page: `#` is its title, every `##` a case, fenced blocks are what is executed. HTML comments are skipped. */
export const readPage = (file: string): Page => {
  const lines = readFileSync(file, 'utf8').split('\n')
  let title = file
  const ground: Block[] = []
  const cases: (Case & { readonly blocks: Block[] })[] = []
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const fence = /^(?<ticks>`{3,})(?<info>.+)$/.exec(line)?.groups
    if (line.startsWith('<!--')) {
      while (at < lines.length && !(lines[at] ?? '').includes('-->')) at += 1
    } else if (fence !== undefined) {
      const end = lines.indexOf(fence['ticks'] ?? '', at + 1)
      if (end < 0) throw new Error(`${file}:${at + 1}: this block has no end.`)
      const words = (fence['info'] ?? '').trim().split(/\s+/)
      ;(cases.at(-1)?.blocks ?? ground).push({ words, text: lines.slice(at + 1, end).join('\n'), line: at + 1 })
      at = end
    } else if (line.startsWith('## ')) cases.push({ title: line.slice(3), line: at + 1, blocks: [] })
    else if (line.startsWith('# ')) title = line.slice(2)
  }
  return { file, title, ground, cases }
}

/** A head line with header lines below it and, after an empty line, a body: one request, answer or call. */
export type Entry = {
  readonly head: RegExpExecArray
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Undefined where nothing follows the headers. */
  readonly body: string | undefined
}

/** Cuts a block into entries, each begun by a line of the head's form. Throws where a line fits nowhere. */
export const readEntries = ({ text, line }: Block, head: RegExp): readonly Entry[] => {
  const entries: { head: RegExpExecArray; lines: string[] }[] = []
  for (const [index, one] of text.split('\n').entries()) {
    const found = head.exec(one)
    if (found !== null) entries.push({ head: found, lines: [] })
    else if (entries.length > 0) entries.at(-1)?.lines.push(one)
    else if (one !== '') throw new Error(`Line ${line + 1 + index} should be of the form ${head}: ${one}`)
  }
  return entries.map(({ head: found, lines }) => {
    const gap = lines.indexOf('')
    const above = gap < 0 ? lines : lines.slice(0, gap)
    const body =
      gap < 0
        ? ''
        : lines
            .slice(gap + 1)
            .join('\n')
            .trim()
    return { head: found, headers: above.map(readHeader), body: body === '' ? undefined : body }
  })
}

const readHeader = (text: string): readonly [string, string] => {
  const colon = text.indexOf(':')
  if (colon < 1) throw new Error(`Expected a header such as "name: value", found: ${text}`)
  return [text.slice(0, colon), text.slice(colon + 1).trim()]
}
