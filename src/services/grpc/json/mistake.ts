import protobuf, { type Field, type Type } from 'protobufjs'
import protojson from 'protobufjs/ext/protojson.js'
import type { Json } from '../../../kernel/json.ts'
import { fieldOf } from './fields.ts'

/** Long values are the client's own, and known to it. */
const longestDetail = 160

/**
 * What is wrong with a request that did not become a message, with the path of its field: `product.tags[1]:
 * expected string: 5`. protobufjs names the field by its definition alone, so the parts are tried one by one,
 * which costs a time in proportion to the request, on this path only.
 */
export const explainMistake = (type: Type, json: Json, thrown: unknown): string => {
  const { path, reason } = locate(type, json, { path: '', reason: reasonOf(thrown) })
  const detail = path === '' ? reason : `${path}: ${reason}`
  return detail.length > longestDetail ? `${detail.slice(0, longestDetail)}…` : detail
}

type Mistake = { readonly path: string; readonly reason: string }

const locate = (type: Type, json: Json, mistake: Mistake): Mistake => {
  // What is nested deeper than can be shown is not looked into.
  if (mistake.path.length > longestDetail) return mistake
  if (type.fullName.startsWith('.google.protobuf.') || typeof json !== 'object' || json === null) return mistake
  for (const [key, value] of Object.entries(json)) {
    const thrown = failure(type, { [key]: value })
    if (thrown === undefined) continue
    const here = { path: mistake.path === '' ? key : `${mistake.path}.${key}`, reason: reasonOf(thrown) }
    const field = fieldOf(type, key)
    return field === undefined ? here : locateInField(field, value, here)
  }
  return mistake
}

const locateInField = (field: Field, json: Json, mistake: Mistake): Mistake => {
  const { parent, name, resolvedType } = field
  if (!(parent instanceof protobuf.Type) || typeof json !== 'object' || json === null) return mistake
  if (!field.repeated && !field.map)
    return resolvedType instanceof protobuf.Type ? locate(resolvedType, json, mistake) : mistake
  if (field.repeated !== Array.isArray(json)) return mistake
  for (const [key, item] of Object.entries(json)) {
    const thrown = failure(parent, { [name]: field.repeated ? [item] : { [key]: item } })
    if (thrown === undefined) continue
    const here = { path: `${mistake.path}[${field.repeated ? key : JSON.stringify(key)}]`, reason: reasonOf(thrown) }
    return resolvedType instanceof protobuf.Type ? locate(resolvedType, item, here) : here
  }
  return mistake
}

const failure = (type: Type, json: Json): unknown => {
  try {
    protojson.fromJson(type, json)
    return undefined
  } catch (thrown) {
    return thrown
  }
}

/** Without the name of the definition in front. */
const reasonOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).replace(/^\.?[\w.]+: /, '')
