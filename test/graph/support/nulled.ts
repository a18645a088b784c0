type Path = readonly (string | number)[]

/** Where an answer is null because of errors: an error below a null that another one made says nothing more. */
export const nulledBy = (paths: readonly Path[], data: unknown): readonly string[] => {
  const positions = paths.map((path) => {
    let at = data
    const position = path.findIndex((key) => {
      if (at === null) return true
      at = (at as Record<string | number, unknown>)[key]
      return false
    })
    return path.slice(0, position < 0 ? undefined : position).join('.')
  })
  return [...new Set(positions)].sort()
}
