import { styleText } from 'node:util'
import type { Demo } from './demo.ts'

const bold = (text: string): string => styleText('bold', text)
const dim = (text: string): string => styleText('dim', text)

/** What runs where, a token, and requests to paste. */
export const guide = ({ gateway, shop, token }: Demo): string => {
  const { url, probesUrl } = gateway
  const services = [shop.users, shop.orders, shop.catalog, shop.reviews, shop.payments]
  const rows = [
    ['gateway', url, `${probesUrl}/metrics`, String(gateway.pid)],
    ...services.map(({ name, address, controlUrl, pid }) => [name, address, controlUrl, String(pid)]),
  ]
  const order = JSON.stringify({ lines: [{ productId: 'p-5', quantity: 2 }] })
  const query = JSON.stringify({ query: '{ me { name orders(first: 2) { id payment { state } } } }' })
  const bearer = '-H "Authorization: Bearer $TOKEN"'
  const json = "-H 'Content-Type: application/json'"
  return `
${bold('What runs where')}
${table([['', 'address', 'control or metrics', 'pid'], ...rows])}

${bold('A token')} of the customer u-1, good for twelve hours
TOKEN=${token}

${bold('Requests')} to paste into another terminal, after that line
${dim('# the first screen of an app: three services, two levels of calls')}
curl -s ${bearer} ${url}/mobile/my-dashboard
${dim('# a product with its reviews and who wrote them, open to everybody')}
curl -s '${url}/mobile/products/p-5?reviews=2'
${dim('# search')}
curl -s '${url}/mobile/search?text=oak%20lamp&first=3'
${dim('# GraphQL over the same services')}
curl -s ${bearer} ${json} -d '${query}' ${url}/web/graphql
${dim('# an order; repeated with the same key it is bought once')}
curl -s ${bearer} ${json} -H 'Idempotency-Key: demo-1' -d '${order}' ${url}/mobile/orders

${bold('GraphiQL')} ${url}/web/graphiql ${dim('(put the token under Headers: {"Authorization": "Bearer …"})')}

${bold('Trouble')} to make, and to end
curl -s -X PUT ${json} -d '{"mode":"slow","delayMs":2000}' ${shop.catalog.controlUrl}/faults
curl -s -X DELETE ${shop.catalog.controlUrl}/faults

Ctrl-C stops all of it.
`
}

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
}
