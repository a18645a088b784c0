/** Variables by name, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

export type Interpolated = {
  readonly text: string
  /** Whether a variable's own value, not merely a default, is part of the text. */
  readonly fromEnvironment: boolean
  /** What could not be resolved, one sentence each. */
  readonly mistakes: readonly string[]
}

const expression = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g

/**
 * Puts variables into a text: `${VAR}` must be set, `${VAR:-default}` takes its default where the variable is
 * unset or empty, as a shell does; `$${` is a literal `${`.
 */
export const interpolate = (written: string, env: Environment): Interpolated => {
  const mistakes: string[] = []
  let fromEnvironment = false
  const text = written.replace(expression, (match, name: string | undefined, otherwise: string | undefined) => {
    if (match === '$${') return '${'
    if (name === undefined || otherwise?.includes('${') === true) {
      mistakes.push(
        name === undefined
          ? 'Expected ${NAME} or ${NAME:-default}. A literal ${ is written $${.'
          : `The default of ${name} cannot hold another \${…}.`,
      )
      return match
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value !== undefined && (value !== '' || otherwise === undefined)) {
      fromEnvironment = true
      return value
    }
    if (otherwise === undefined)
      mistakes.push(`${name} is not set in the environment. Set it, or give a default: \${${name}:-…}.`)
    return otherwise ?? match
  })
  return { text, fromEnvironment, mistakes }
}
