/** Makes each child once: on the hot path a few map look-ups, no label objects. */
export const children = <Child, Key = string>(make: (key: Key) => Child): ((key: Key) => Child) => {
  const made = new Map<Key, Child>()
  return (key) => {
    let child = made.get(key)
    if (child === undefined) {
      child = make(key)
      made.set(key, child)
    }
    return child
  }
}
