/** How long an issuer may take for an answer. */
export const fetchTimeoutMs = 3_000
/** Configurations, key sets and answers about tokens are a few KiB. */
const mostBytes = 1_048_576

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Over anything but https, whoever is in between can replace keys; but within this machine nobody is. */
export const isSafeSource = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname))

/** `fetch` of an answer that is not too large. Rejects where it is. */
export const boundedFetch = async (url: string, options?: RequestInit): Promise<Response> => {
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
