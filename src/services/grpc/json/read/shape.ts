import type { Field, Type } from 'protobufjs'
import { fieldsOf, messageOf } from '../fields.ts'
import { keepField } from './keep.ts'
import type { Shape } from './places.ts'

const shapes = new WeakMap<Type, Shape>()

export const shapeOf = (type: Type): Shape => {
  const known = shapes.get(type)
  if (known !== undefined) return known
  const slotOf = new Map<Field, number>()
  let slots = 0
  for (const field of fieldsOf(type)) {
    slotOf.set(field, slots)
    slots += isOneMessage(field) ? 2 : 1
  }
  const shape: Shape = { near: [], far: new Map(), slotOf, slots }
  shapes.set(type, shape)
  for (const field of fieldsOf(type)) keepField(shape, field)
  return shape
}

const isOneMessage = (field: Field): boolean => messageOf(field) !== undefined && !field.repeated && !field.map
