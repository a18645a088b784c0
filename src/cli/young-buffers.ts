import { setFlagsFromString } from 'node:v8'

/**
 * Lets few buffers that nobody holds any more pile up. V8 looks for them when they come to twice the largest young
 * generation it would choose, 128 MiB, however small the objects beside them are: a stream of large messages to a
 * slow reader took 100 MiB that way, and takes 40 with this (`node bench/slow-reader.ts`). Fewer still cost what is
 * composed of many small answers a fifth of its time (`node bench/run.ts W3`: 0.84 of the peer without, 0.90 with 10,
 * 1.04 with 4). V8 reads the flag whenever it asks itself; how far the young generation of objects may grow was
 * decided at the start and stays.
 *
 * Flags are V8's own and may go with any version, and an unknown one is an error on stderr: so this is for the
 * version it was measured with.
 */
export const keepFewYoungBuffers = (): void => {
  if (process.versions.v8.startsWith('13.')) setFlagsFromString('--scavenger-max-new-space-capacity-mb=10')
}
