import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the page for API documents loads from its package; a built Portico brings it in a folder beside this file. */
export const swaggerUiFiles = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
} as const

export type SwaggerUiFile = keyof typeof swaggerUiFiles

export const bundledSwaggerUi = fileURLToPath(new URL('./swagger-ui-files', import.meta.url))

/** Where a file lies; undefined where the package is not installed. */
export const swaggerUiFile = (name: SwaggerUiFile): string | undefined => {
  if (existsSync(bundledSwaggerUi)) return join(bundledSwaggerUi, name)
  try {
    return join(dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')), name)
  } catch {
    return undefined
  }
}
