/** Whether settings mean standard output where a file could be named. */
export const isStandardOutput = (path: string): boolean => path === 'stdout'
