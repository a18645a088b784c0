const removed = '[removed]'

const string = String.raw`"(?:[^"\\]|\\.)*"`

/** A member of a JSON object whose name is that of a secret header, with a string or a list of strings. */
const secretMember = new RegExp(
  String.raw`("(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key)":)(?:${string}|\[(?:${string},?)*\])`,
  'gi',
)

/** A bearer or basic credential anywhere in a text, such as a list of raw headers. */
const credential = /\b(Bearer|Basic) +[A-Za-z0-9._~+/-]{8,}=*/gi

/** An API key of ours, wherever it stands: its id may be read, its secret may not. */
const apiKey = /\b(portico_[0-9a-f]{16}_)[A-Za-z0-9_-]{43}/g

/** A password in an address, such as that of a Redis. */
const userInfo = /(\/\/[^\s/?#@:"\\]*:)[^\s/?#@"\\]+@/g

/** A parameter of a query string or form whose name says that it is secret. */
const secretParameter =
  /([?&](?:access_token|refresh_token|id_token|token|api_key|apikey|secret|client_secret|password)=)[^&"'\s\\#]+/gi

/**
 * A line of JSON without the credentials in it. It works on the text: that finds them at any depth, in messages,
 * causes and URLs, and costs the same whatever was logged.
 */
export const scrub = (line: string): string =>
  line
    .replace(secretMember, `$1"${removed}"`)
    .replace(credential, `$1 ${removed}`)
    .replace(userInfo, `$1${removed}@`)
    .replace(apiKey, `$1${removed}`)
    .replace(secretParameter, `$1${removed}`)
