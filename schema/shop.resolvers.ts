type Needs = { readonly name: string; readonly tier: string }

/** How a customer is greeted: gold customers get a star. */
const displayName = ({ name, tier }: Needs): string => (tier === 'GOLD' ? `${name} ★` : name)

export const resolvers = { displayName }
