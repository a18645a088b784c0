import type { Field } from 'protobufjs'

/** `required` of proto2, and `(google.api.field_behavior) = REQUIRED` (AIP-203). */
export const isRequired = ({ required, options, parsedOptions }: Field): boolean => {
  const said = [options?.['(google.api.field_behavior)'], ...behaviors(parsedOptions)].flat()
  return required || said.includes('REQUIRED') || said.includes(2)
}

const behaviors = (parsed: unknown): readonly unknown[] =>
  Array.isArray(parsed)
    ? parsed.map((one: Readonly<Record<string, unknown>>) => one['(google.api.field_behavior)'])
    : []
