import { createHmac } from 'node:crypto'

/** What signs the tokens of W2, on both sides. */
export const tokenSecret = 'a secret of the bench, 32 bytes or more'

/** A token of one user (HS256), good for a day. */
export const tokenOf = (user: number): string => {
  const head = encode({ alg: 'HS256', typ: 'JWT' })
  const seconds = Math.floor(Date.now() / 1_000)
  const claims = encode({
    iss: 'https://id.bench',
    aud: 'bench',
    sub: `user-${user}`,
    scope: 'items',
    iat: seconds,
    exp: seconds + 86_400,
  })
  const signature = createHmac('sha256', tokenSecret).update(`${head}.${claims}`).digest('base64url')
  return `${head}.${claims}.${signature}`
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
