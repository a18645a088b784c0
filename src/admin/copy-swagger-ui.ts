import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bundledSwaggerUi, type SwaggerUiFile, swaggerUiFile, swaggerUiFiles } from './swagger-ui.ts'

/** Run by the build: puts the page's files beside the built module, so that an installed Portico needs no package for them. */
const found = (Object.keys(swaggerUiFiles) as SwaggerUiFile[]).map((name) => ({ name, file: swaggerUiFile(name) }))
mkdirSync(bundledSwaggerUi, { recursive: true })
for (const { name, file } of found) {
  if (file === undefined) throw new Error(`${name} of Swagger UI is not installed.`)
  copyFileSync(file, join(bundledSwaggerUi, name))
  // Its licence asks for a copy beside it (Apache-2.0 §4), as that of what the bundle holds.
  for (const licence of ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'])
    copyFileSync(join(dirname(file), licence), join(bundledSwaggerUi, licence))
}
