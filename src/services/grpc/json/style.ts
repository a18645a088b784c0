/** What ProtoJSON leaves open. */
export type JsonStyle = {
  /** What fields are called in answers; requests may use either. */
  readonly names: 'json' | 'proto'
  /** Whether answers hold the defaults of fields without presence, and empty lists and maps. */
  readonly defaults: 'always' | 'omit'
  /** What becomes of a request's fields, and names of enum values, that are not known. */
  readonly unknownFields: 'refuse' | 'ignore'
  /** How answers write enum values. */
  readonly enums: 'name' | 'number'
}

/** With defaults, a reader can tell 0 from a field that is not there. */
export const defaultStyle: JsonStyle = { names: 'json', defaults: 'always', unknownFields: 'refuse', enums: 'name' }
