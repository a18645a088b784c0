/** What a call is kept with one target by: its caller's address, or a header, cookie or claim of that name. */
export type AffinityKey = { readonly kind: 'address' | 'header' | 'cookie' | 'claim'; readonly name: string }
