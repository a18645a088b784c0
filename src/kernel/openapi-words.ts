const longestSummary = 120

/** The first sentence of a description, where it is short enough to be a title. */
export const summaryOf = (description: string | undefined): string | undefined => {
  const [paragraph = ''] = (description ?? '').split(/\n\s*\n/, 1)
  const sentence = /^.*?[.!?](?=\s|$)/.exec(paragraph.replaceAll(/\s*\n\s*/g, ' ').trim())?.[0]
  const summary = (sentence ?? paragraph.replaceAll(/\s*\n\s*/g, ' ').trim()).replace(/\.$/, '')
  return summary === '' || summary.length > longestSummary ? undefined : summary
}

/** Whether the summary is all there is to say. */
export const isSaid = (description: string | undefined, summary: string | undefined): boolean =>
  description?.replaceAll(/\s+/g, ' ').replace(/\.$/, '') === summary

/** Parts of a description as paragraphs; undefined where there are none. */
export const paragraphs = (...parts: readonly (string | undefined)[]): string | undefined =>
  parts.filter((part) => part !== undefined && part !== '').join('\n\n') || undefined
