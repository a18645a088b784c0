export interface Money {
  readonly currencyCode: 'EUR'
  readonly units: number
  readonly nanos: number
}

/** The shop counts in cents; its interfaces say units and billionths. */
export const euros = (cents: number): Money => ({
  currencyCode: 'EUR',
  units: Math.floor(cents / 100),
  nanos: (cents % 100) * 10_000_000,
})
