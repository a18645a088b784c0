import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { graphiqlFile, graphiqlFiles } from './graphiql.ts'

/** Run by the build: puts GraphiQL's files beside the built module, so that an installed Portico needs none of its packages. */
const folder = join(import.meta.dirname, 'graphiql-files')
const found = graphiqlFiles.map((name) => ({ name, file: graphiqlFile(name) }))
mkdirSync(folder, { recursive: true })
for (const { name, file } of found) {
  if (file === undefined) throw new Error(`${name} of GraphiQL is not installed.`)
  copyFileSync(file, join(folder, name))
}
