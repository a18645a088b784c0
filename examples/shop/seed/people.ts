import { numbers, randomFrom } from './random.ts'

export interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly tier: 'standard' | 'silver' | 'gold'
  readonly loyaltyPoints: bigint
  readonly createdAt: Date
  readonly address: { readonly street: string; readonly city: string; readonly country: string }
}

export const personCount = 64

const firstNames = ['Ada', 'Alan', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Radia', 'Ken'] as const
const lastNames = ['Lovelace', 'Turing', 'Hopper', 'Dijkstra', 'Liskov', 'Knuth', 'Perlman', 'Thompson'] as const
const streets = ['Mill Lane', 'Harbour Street', 'Station Road', 'Church Hill', 'Garden Walk'] as const
const cities = [
  { city: 'London', country: 'GB' },
  { city: 'Rotterdam', country: 'NL' },
  { city: 'Zürich', country: 'CH' },
  { city: 'Lisbon', country: 'PT' },
  { city: 'Copenhagen', country: 'DK' },
] as const
const tiers = ['standard', 'standard', 'standard', 'silver', 'gold'] as const

/** One past what a double can hold: whoever reads it as one loses the last digit. */
const beyondDouble = 9_007_199_254_740_993n

/** u-1 is Ada Lovelace; u-2 has more points than a double can count. */
export function people(): readonly Person[] {
  const random = randomFrom(1)
  return numbers(personCount).map((number) => {
    const name = nameOf(number)
    return {
      id: `u-${number}`,
      name,
      email: `${name.toLowerCase().replace(' ', '.')}@shop.example`,
      tier: random.pick(tiers),
      loyaltyPoints: number === 2 ? beyondDouble : BigInt(random.int(0, 20_000)),
      createdAt: new Date(Date.UTC(2023, random.int(0, 11), random.int(1, 28), random.int(0, 23), random.int(0, 59))),
      address: { street: `${random.int(1, 120)} ${random.pick(streets)}`, ...random.pick(cities) },
    }
  })
}

/** The first eight keep their own last names, the next eight take the next one's, and so on: no name comes twice. */
function nameOf(number: number): string {
  const first = (number - 1) % firstNames.length
  const shift = Math.floor((number - 1) / firstNames.length)
  return `${firstNames[first]} ${lastNames[(first + shift) % lastNames.length]}`
}
