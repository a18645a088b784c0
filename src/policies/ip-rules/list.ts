import { cidr } from '../../config/scalars.ts'

/** More in one list is no list that a person wrote; each range costs about 100 bytes. */
const mostRanges = 100_000

/** The ranges of a list, or what is wrong with it as a sentence without its name. */
export const readIpList = (text: string): { readonly ranges: readonly string[] } | { readonly mistake: string } => {
  const ranges: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const written = line.replace(/#.*/, '').trim()
    if (written === '') continue
    const { success, data } = cidr.safeParse(written)
    if (!success) return { mistake: `has no address range in line ${index + 1}: expected one such as 10.0.0.0/8` }
    if (ranges.push(data) > mostRanges) return { mistake: `has more than ${mostRanges} ranges` }
  }
  return { ranges }
}
