/** `host:port` as it stands in a URL (RFC 3986 §3.2): IPv6 addresses in brackets. `host` is without them. */
export const authorityOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`
