import { setFlagsFromString } from 'node:v8'

/**
 * Lets few buffers that nobody holds any more pile up. V8 looks for them when they come to twice the largest young
 * generation it would choose, 128 MiB, however small the objects beside them are: a stream of large messages to a
 * slow reader took 100 MiB that way, and takes 40 with this (`node bench/slow-reader.ts`). Fewer still cost what is
 * composed of many small answers: 64 clients with as many calls under way hold 9 MiB of read buffers, more than 4
 * would allow, while with 10 W3 has as many collections as without (11 and 12 in 6,000 requests). V8 reads the flag whenever it asks itself; how far the young generation of objects may grow was
 * decided at the start and stays.
 *
 * Flags are V8's own and may go with any version, and an unknown one is an error on stderr: so this is for the
 * version it was measured with.
 */
export const keepFewYoungBuffers = (): void => {
  if (process.versions.v8.startsWith('13.')) setFlagsFromString('--scavenger-max-new-space-capacity-mb=10')
}
