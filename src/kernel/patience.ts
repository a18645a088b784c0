/**
 * What a promise gives, if it does so in time; rejects otherwise. The promise itself goes on. Where this process was
 * held up, what has come meanwhile counts as in time: Node runs timers before it reads what sockets have got.
 */
export const within = <Value>(milliseconds: number, promise: Promise<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`No answer within ${milliseconds} ms.`))
    const timer = setTimeout(() => setImmediate(late), milliseconds)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
