import { z } from 'zod'
import { nameKey, oneOrMore } from '../../config/scalars.ts'

/** Which methods of one gRPC service a BFF shows without SDL, and how. */
export type Exposure = {
  readonly service: string
  /** Where it is written, below `expose`. */
  readonly at: readonly (string | number)[]
  /** Names or patterns of methods; all when absent. */
  readonly methods?: readonly string[] | undefined
  /** What single methods become, by name. */
  readonly as?: Readonly<Record<string, ExposedAs>> | undefined
  /** Stands before the names of types and root fields. */
  readonly prefix?: string | undefined
}

export type ExposedAs = {
  readonly kind?: 'query' | 'mutation' | 'subscription' | undefined
  readonly field?: string | undefined
}

const kind = z.enum(['query', 'mutation', 'subscription'], { error: 'Expected query, mutation or subscription.' })

const settings = z.strictObject({
  methods: oneOrMore(z.string())
    .optional()
    .describe('The methods to show: `GetProduct`, `Catalog/Get*`, `shop.catalog.v1.Catalog/*`. All when absent.'),
  as: z
    .record(
      z.string(),
      z.union([
        kind.transform((only): ExposedAs => ({ kind: only })),
        z.strictObject({
          kind: kind.optional().describe('What the method becomes, where its proto does not say it.'),
          field: z
            .string()
            .regex(/^(?!__)[A-Za-z_]\w*$/, { error: 'A field name has letters, digits and underscores.' })
            .optional()
            .describe('What its root field is called.'),
        }),
      ]),
    )
    .optional()
    .describe('What single methods become: `{ SearchProducts: query }`, `{ GetProduct: { field: product } }`.'),
  prefix: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]*$/, { error: 'A prefix has letters and digits, and starts with a letter.' })
    .optional()
    .describe('Stands before the names of its types and root fields, where they meet those of others.'),
})

/** `catalog`, `[catalog, reviews]` or `{ catalog: { methods: […], as: {…}, prefix: … } }`; a list of exposures after reading. */
export const exposeConfig = z.union([
  nameKey.transform((service): readonly Exposure[] => [{ service, at: [] }]),
  z
    .array(nameKey)
    .min(1, { error: 'Expected at least one.' })
    .transform((names): readonly Exposure[] => names.map((service, index) => ({ service, at: [index] }))),
  z
    .record(nameKey, settings)
    .transform((all): readonly Exposure[] =>
      Object.entries(all).map(([service, one]) => ({ service, at: [service], ...one })),
    ),
])
