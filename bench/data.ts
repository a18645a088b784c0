/** What the upstream of the benches serves, and so what a right answer holds. */

export type User = { readonly id: string; readonly name: string; readonly email: string }
export type Item = { readonly quantity: number; readonly productId: string }
export type Order = {
  readonly id: string
  readonly status: string
  readonly totalCents: number
  readonly items: readonly Item[]
}
export type Product = {
  readonly id: string
  readonly name: string
  readonly priceCents: number
  readonly currency: string
}
export type Post = { readonly id: number; readonly userId: number; readonly title: string; readonly body: string }
export type Author = { readonly id: number; readonly name: string; readonly email: string }

/** Users, and numbers a request may name: 1 to 50. */
export const numbers: readonly number[] = Array.from({ length: 50 }, (_, index) => index + 1)

/** How long a slow service takes, in milliseconds. */
export const slowMs = 100

/** About 1 KiB of JSON. */
export const itemOf = (number: number): object => ({
  id: number,
  name: `Item ${number}`,
  text: 'lorem ipsum '.repeat(80),
})

/** 100 KiB as JSON. */
export const longText = 'x'.repeat(102_398)

export const userOf = (number: number): User => ({
  id: `${number}`,
  name: `User ${number}`,
  email: `user.${number}@shop.example`,
})

/** Three orders of three items; nine products, some of them the same. */
export const ordersOf = (number: number): readonly Order[] =>
  [0, 1, 2].map((order) => ({
    id: `${number}-${order}`,
    status: order === 0 ? 'placed' : 'shipped',
    totalCents: 4_200 + number * 10 + order,
    items: [0, 1, 2].map((item) => ({ quantity: item + 1, productId: `p${((number + order * 2 + item) % 20) + 1}` })),
  }))

export const productOf = (id: string): Product => ({
  id,
  name: `Product ${id}`,
  priceCents: 100 * Number(id.slice(1)),
  currency: 'EUR',
})

/** A hundred posts of ten authors. */
export const posts: readonly Post[] = Array.from({ length: 100 }, (_, index) => ({
  id: index + 1,
  userId: (index % 10) + 1,
  title: `Post ${index + 1}: sunt aut facere repellat provident occaecati`,
  body: 'quia et suscipit suscipit recusandae consequuntur expedita et cum '.repeat(2),
}))

export const authorOf = (id: number): Author => ({ id, name: `Author ${id}`, email: `author.${id}@blog.example` })

/** What GraphQL contestants answer by themselves. */
export const greet = 'Hello!'

/** The query of the posts workload. */
export const postsQuery = '{ posts { id userId title user { id name email } } }'

/** What is answered to an upload. */
export const taken = { taken: true }
