/** `percent_off`, `shop.catalog.v1` or `getProduct` as `PercentOff`, `ShopCatalogV1`, `GetProduct`. */
export const pascal = (name: string): string =>
  name
    .split(/[._]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** `GetProduct`, `IAMCheck` or `percent_off` as `getProduct`, `iamCheck`, `percentOff`. */
export const lowerCamel = (name: string): string => {
  const joined = pascal(name)
  const head = /^(?:[A-Z]+(?![a-z])|[A-Z])/.exec(joined)?.[0] ?? ''
  return head.toLowerCase() + joined.slice(head.length)
}

/** `OrderStatus` or `HTTPRule2` as `ORDER_STATUS`, `HTTP_RULE2`. */
export const upperSnake = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toUpperCase()

/** The first form of a name that is not taken yet; it is taken then. */
export const untaken = (name: string, taken: Set<string>): string => {
  let free = name
  while (taken.has(free)) free += '_'
  taken.add(free)
  return free
}
