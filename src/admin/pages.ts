import { type SwaggerUiFile, swaggerUiFiles } from './swagger-ui.ts'

/** Where one page leads: an API's name, its route, and nothing a stranger could have written unescaped. */
export type ApiLink = { readonly name: string; readonly route: string }

/** Nothing is loaded from elsewhere and nothing is sent anywhere: the pages work offline, and no script of a stranger runs in them. */
export const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const page = (title: string, head: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
${body}
</body>
</html>
`

/** What the admin port has. */
export const indexPage = (apis: readonly ApiLink[]): string =>
  page(
    'Portico',
    '<link rel="stylesheet" href="/docs/page.css">',
    `<main>
<h1>Portico</h1>
${apis.length === 0 ? '<p>No BFF of this workspace has endpoints and no route is transcoded: there is nothing to document.</p>' : listOf(apis)}
<p><a href="/services">Services</a>: their targets and breakers now.</p>
</main>`,
  )

const listOf = (apis: readonly ApiLink[]): string => `<ul>
<li><a href="/docs">All APIs</a> (<a href="/openapi.json">OpenAPI</a>)</li>
${apis.map(({ name, route }) => `<li><a href="/docs/${name}">${escaped(route)}</a> (<a href="/openapi/${name}.json">OpenAPI</a>)</li>`).join('\n')}
</ul>`

/** Shows one document. */
export const docsPage = (title: string, documentUrl: string): string =>
  page(
    title,
    '<link rel="stylesheet" href="/docs/swagger-ui.css">\n<link rel="stylesheet" href="/docs/page.css">',
    `<div id="docs" data-document="${escaped(documentUrl)}"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/page.js"></script>`,
  )

/** Requests to the gateway would be to another origin, and this port takes no credentials: the page only shows. */
const script = `'use strict'
const docs = document.getElementById('docs')
SwaggerUIBundle({ url: docs.dataset.document, domNode: docs, validatorUrl: null, supportedSubmitMethods: [], deepLinking: true })
`

const styles = `body { margin: 0 }
main { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }
.swagger-ui .auth-wrapper { display: none }
`

const scripts: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
  'page.js': { type: 'text/javascript; charset=utf-8', text: script },
  'page.css': { type: 'text/css; charset=utf-8', text: styles },
}

/** A file of the pages by its name: our own as text, Swagger UI's by the name it has in its package. */
export const pageFile = (
  name: string,
):
  | { readonly type: string; readonly text: string }
  | { readonly type: string; readonly packaged: SwaggerUiFile }
  | undefined => {
  if (Object.hasOwn(scripts, name)) return scripts[name]
  if (!Object.hasOwn(swaggerUiFiles, name)) return undefined
  const packaged = name as SwaggerUiFile
  return { type: swaggerUiFiles[packaged], packaged }
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
