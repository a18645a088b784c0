/** Configurations, key sets and answers about tokens are a few KiB. */
const usualMost = 1_048_576

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Over anything but https, whoever is in between can read secrets and replace keys; but within this machine nobody is.
 * An address with a password in it is shown with it, and fetched by nobody (Fetch standard, Request).
 */
export const isSafeSource = ({ protocol, hostname, username, password }: URL): boolean =>
  username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname)))

/** `fetch` of an answer that is not too large. Rejects where it is. */
export const boundedFetch = async (url: string, options?: RequestInit, mostBytes = usualMost): Promise<Response> => {
  const { body, status, headers } = await fetch(url, options)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += (chunk as Uint8Array).byteLength
    if (size > mostBytes) throw new Error(`The answer has more than ${mostBytes} bytes.`)
    chunks.push(chunk as Uint8Array)
  }
  return new Response(Buffer.concat(chunks), { status, headers: { 'content-type': headers.get('content-type') ?? '' } })
}

/** Authorization of a client that an authorization server knows: each part is encoded as in a form before the two are joined (RFC 6749 §2.3.1). */
export const clientAuthorization = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`

const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
