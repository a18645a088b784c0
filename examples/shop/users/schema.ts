const user = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    display_name: { type: 'string' },
    email: { type: 'string' },
    tier: { type: 'string' },
    // A bigint: Fastify's serializer writes every digit, JSON.stringify would throw.
    loyalty_points: { type: 'integer' },
    created_at: { type: 'string' },
    address: {
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' }, country: { type: 'string' } },
    },
  },
} as const

export const list = {
  querystring: {
    type: 'object',
    properties: {
      ids: { type: 'string' },
      limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
      cursor: { type: 'string' },
    },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        items: { type: 'array', items: user },
        paging: { type: 'object', properties: { next: { type: ['string', 'null'] } } },
      },
    },
  },
} as const

export const one = { response: { 200: user } } as const

export const change = {
  body: {
    type: 'object',
    required: ['display_name'],
    additionalProperties: false,
    properties: { display_name: { type: 'string', minLength: 1, maxLength: 80 } },
  },
  response: { 200: user },
} as const
