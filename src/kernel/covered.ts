/** A password in an address. */
const userInfo = /(?<=:\/\/[^\s/?#@:"'{}]*:)[^\s/?#@"'{}]+(?=@)/g

/** Forms that issuers of keys give them so that they are recognized: JOSE, GitHub, Stripe, AWS, Google, Slack, ours; and credentials of HTTP. */
const forms =
  /\b(?:eyJ[\w-]{8,}\.[\w.-]*|gh[pos]_\w{16,}|github_pat_\w{16,}|[rs]k_(?:live|test)_\w{8,}|AKIA[A-Z0-9]{16}|AIza[\w-]{30,}|xox[abp]-[\w-]+|portico_[0-9a-f]{16}_[\w-]{8,})|(?<=\b(?:Bearer|Basic) )[\w.~+/-]{8,}=*/g

/** A header of a binding whose name says what it holds. */
const named = /(?<=\bname: ?"[^"]*(?:api-?key|secret|token|password)", ?value: ?")[^"{]{8,}(?=")/gi

/** What nobody is to read, as long as it was, so that every column stays where it is. */
export const stars = (text: string): string => text.replace(/[^\r\n]/g, '*')

/** A text that people wrote, as messages show it: what is a secret by its form is covered. */
export const covered = (text: string): string =>
  text.replace(userInfo, stars).replace(forms, stars).replace(named, stars)
