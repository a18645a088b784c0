import { isLoopback } from '../admin.ts'
import { entriesOf, type Found, type Ground, type Rule } from './finding.ts'

/** Where the gateway is met, by whom, and who believes what there. */
export const exposureRules: readonly Rule[] = [
  (ground) => {
    const { config } = ground
    if (config.tls !== undefined || config.trustedProxies.length > 0 || isLoopback(config.listen.host)) return []
    const shown = entriesOf(ground).some(({ settings: { auth } }) => (auth?.providers.length ?? 0) > 0)
    return [
      {
        code: shown ? 'PORTICO-764' : 'PORTICO-740',
        path: ['listen'],
        message: `${shown ? 'Callers show their credentials' : 'Clients speak'} over plain HTTP: set \`tls\`, or name the proxy that ends TLS by \`trustedProxies\`.`,
      },
    ]
  },
  ({ config }) =>
    config.trustedProxies.flatMap((range, index): Found[] => {
      if (Number(range.split('/')[1]) >= leastBits) return []
      const message = `${range} takes most of the internet for a proxy of yours: name its own range.`
      return [{ code: 'PORTICO-741', path: ['trustedProxies', index], message }]
    }),
  ({ config: { probes } }) =>
    probes === undefined || isLoopback(probes.host)
      ? []
      : [
          {
            code: 'PORTICO-742',
            path: ['probes'],
            message: `Whoever reaches ${probes.host}:${probes.port} reads /metrics: open it where only the platform is.`,
          },
        ],
  (ground) => entriesOf(ground).flatMap(origins),
  (ground) => tls(ground),
  ({ config }) =>
    config.accessLog
      ? []
      : [{ code: 'PORTICO-748', path: ['accessLog'], message: 'Requests leave no trace: remove `accessLog: false`.' }],
]

/** Wider ranges than that are nobody's. */
const leastBits = 8

const origins = ({ path, name, settings: { cors, auth } }: ReturnType<typeof entriesOf>[number]): readonly Found[] =>
  (cors?.origins ?? []).flatMap((origin, index): Found[] => {
    const at = [...path, 'cors', 'origins', index]
    if (origin === '*')
      return (auth?.providers.length ?? 0) === 0
        ? []
        : [
            {
              code: 'PORTICO-743',
              path: at,
              message: `${name} knows callers, and any page may read for them: name your pages.`,
            },
          ]
    if (origin !== 'null' && !(origin.startsWith('http://') && !isLoopback(new URL(origin).hostname))) return []
    return [{ code: 'PORTICO-744', path: at, message: `Others can be \`${origin}\`: name https:// origins alone.` }]
  })

const dayMs = 86_400_000

const tls = ({ plan, now, config: { trustedProxies } }: Ground): readonly Found[] => {
  if (plan.tls === undefined) return []
  const { certificates, minVersion, clients, hstsMs, redirect } = plan.tls
  const met = trustedProxies.length === 0 && !isLoopback(plan.listen.host)
  return [
    ...(redirect === undefined && met
      ? [
          {
            code: 'PORTICO-765',
            path: ['tls'],
            message:
              'Who types the name without https:// finds nobody, or somebody else: set `redirect`, such as 0.0.0.0:80.',
          } as const,
        ]
      : []),
    ...certificates.flatMap(({ expiresAt, names }, index): Found[] => {
      const days = Math.floor((expiresAt - now) / dayMs)
      // Of the last week `check` tells, too.
      if (days < 7 || days >= 30) return []
      const path = ['tls', ...(certificates.length > 1 ? ['certificates', index] : []), 'cert']
      return [{ code: 'PORTICO-746', path, message: `The certificate of ${names[0]} ends in ${days} days: renew it.` }]
    }),
    ...(minVersion === 'TLSv1.2'
      ? [
          {
            code: 'PORTICO-745',
            path: ['tls'],
            message: 'Clients may speak TLS 1.2: `minVersion: TLSv1.3` where all can.',
          } as const,
        ]
      : []),
    ...(hstsMs === 0
      ? [
          {
            code: 'PORTICO-747',
            path: ['tls', 'hsts'],
            message: 'Browsers forget that this host is met by https: remove it.',
          } as const,
        ]
      : []),
    ...(clients !== undefined && clients.crl === undefined
      ? [
          {
            code: 'PORTICO-749',
            path: ['tls', 'clients'],
            message: 'A client certificate that is revoked is taken until it ends: name its list by `crl`.',
          } as const,
        ]
      : []),
  ]
}
