import { greet } from '../../data.ts'

export const resolvers = { greet: (): string => greet }
