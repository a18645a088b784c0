import { z } from 'zod'

/** Media types that bodies of requests may have: exact ones, or all of one kind. */
export const contentTypesConfig = z
  .array(
    z
      .string()
      .regex(/^[a-z0-9][\w.+-]*\/(?:[a-z0-9][\w.+-]*|\*)$/i, {
        error: 'Expected a media type such as application/json or image/*, without parameters.',
      })
      .transform((type) => type.toLowerCase()),
  )
  .min(1)
