export const list = {
  querystring: {
    type: 'object',
    properties: {
      customer: { type: 'string' },
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
      cursor: { type: 'string' },
    },
  },
} as const

export const place = {
  body: {
    type: 'object',
    required: ['customer', 'lines'],
    additionalProperties: false,
    properties: {
      customer: { type: 'string', pattern: '^u-[1-9][0-9]*$' },
      lines: {
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: {
          type: 'object',
          required: ['product_id', 'quantity'],
          additionalProperties: false,
          properties: {
            product_id: { type: 'string' },
            quantity: { type: 'integer', minimum: 1, maximum: 1_000 },
          },
        },
      },
    },
  },
} as const
