import { z } from 'zod'
import { bare, defOf, type Schema } from './shape.ts'

/** Values as an author would write them: the way back from what reading made of them. */

const units = {
  duration: [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
    ['ms', 1],
  ],
  size: [
    ['GiB', 1_073_741_824],
    ['MiB', 1_048_576],
    ['KiB', 1_024],
    ['B', 1],
  ],
} as const

/** The name of a scalar such as `duration`, `size`, `URL`; undefined for plain text, numbers and the rest. */
export const scalarName = (schema: Schema): string | undefined => {
  const title = z.globalRegistry.get(bare(schema))?.title
  return defOf(bare(schema)).type === 'string' ? title : undefined
}

/** 2000 as `2s` where a duration stands, 1048576 as `1MiB` where a size does, 0.5 as `50%` where a share does. */
export const writtenValue = (schema: Schema, value: unknown): unknown => {
  const name = scalarName(schema)
  if (typeof value === 'number' && name === 'share') return `${value * 100}%`
  if (typeof value !== 'number' || (name !== 'duration' && name !== 'size')) return value
  const unit = units[name].find(([, factor]) => value >= factor && value % factor === 0)
  return unit === undefined ? `${value}${units[name].at(-1)?.[0]}` : `${value / unit[1]}${unit[0]}`
}

/** What a key has when it is absent, as an author would write it; undefined where there is no such value. */
export const writtenDefault = (schema: Schema): unknown => {
  const def = defOf(schema)
  if (def.type === 'default') return writtenValue(def.innerType, def.defaultValue)
  if (def.type === 'prefault') return def.defaultValue
  return 'innerType' in def ? writtenDefault(def.innerType) : undefined
}
