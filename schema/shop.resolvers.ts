/** How a customer is greeted: gold customers get a star. */
const displayName = ({ name, tier }: Readonly<Record<string, unknown>>): string =>
  tier === 'GOLD' ? `${name} ★` : String(name)

export const resolvers = { displayName }
