import { TimeLimit } from './timer.ts'

/** What a promise gives, if it does so in time; rejects otherwise. The promise itself goes on. */
export const within = <Value>(milliseconds: number, promise: Promise<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    const limit = new TimeLimit(milliseconds, {
      onTime: () => reject(new Error(`No answer within ${milliseconds} ms.`)),
    })
    promise.then(resolve, reject).finally(() => limit.end())
  })
