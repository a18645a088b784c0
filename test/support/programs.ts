/**
 * For `it(…, { skip: missing('redis-server') }, …)`: why a test cannot run, or false where it can. `test/run.ts` has
 * looked for the programs before, installed what it may, and says at the end what could not run.
 */
export const missing = (program: string): string | false =>
  (process.env['PORTICO_MISSING'] ?? '').split(',').includes(program) && `${program} is missing`
