import type { CodeEntry } from './entry.ts'

/** What works, and gives something to an attacker: the cause says what. */
export const auditCodes = {
  'PORTICO-711': {
    severity: 'high',
    title: 'Open, and nobody says that it is meant',
    cause: 'Whoever reaches the gateway calls the services behind it; a forgotten `auth` looks the same.',
    fix: 'Name a provider by `auth`; `auth: anonymous` says that it is meant.',
    example: 'routes:\n  - { path: /orders/*, service: orders }',
  },
  'PORTICO-712': {
    severity: 'medium',
    title: 'Field that guests may read, without a word',
    cause: 'The BFF lets callers in who show nothing, and this root field does not say whether they may have it.',
    fix: 'Add @auth to the field or to `schema`; @auth(public: true) says that it is meant.',
  },
  'PORTICO-713': {
    severity: 'medium',
    title: 'A GET that writes',
    cause:
      'Pages, crawlers and caches repeat a GET as they like: a link on a foreign page is enough to have it done, and retries do it twice.',
    fix: 'Reach it by POST, PUT, PATCH or DELETE.',
  },
  'PORTICO-714': {
    severity: 'low',
    title: 'Raw paths behind a guard',
    cause:
      'The service reads paths byte by byte as the client spelt them. What it guards by path itself can be spelt past that.',
    fix: 'Take canonical paths, unless signatures or slashes count.',
  },
  'PORTICO-715': {
    severity: 'medium',
    title: 'Route to the whole of a service',
    cause:
      'Every path of the service is reached, those that nobody had in mind too: /admin, /metrics, /actuator, /debug.',
    fix: 'Name the paths that are meant, keep the prefix, or give the service a base path.',
    example: 'routes:\n  - { path: /users/*, service: users, stripPrefix: true }',
  },
  'PORTICO-716': {
    severity: 'low',
    title: 'Names of the schema told in production',
    cause: 'Errors say "Did you mean", from which the schema is learnt name by name, introspection off or not.',
    fix: 'Remove `suggestions`: development has them by default.',
  },
  'PORTICO-720': {
    severity: 'medium',
    title: 'Tokens signed with a shared secret',
    cause: 'Whoever can verify such a token can make one: each holder of the secret is an issuer.',
    fix: 'Let the issuer sign with ES256, RS256 or EdDSA, and give `jwks` or `discovery`.',
  },
  'PORTICO-721': {
    severity: 'medium',
    title: 'Tokens for anybody',
    cause: 'A token that another application was given by its user, or stole, is taken here too.',
    fix: 'Name the `audience` of your tokens.',
  },
  'PORTICO-722': {
    severity: 'low',
    title: 'Clocks may differ by much',
    cause: 'Tokens are taken for that long after their end.',
    fix: 'Leave `clockSkew` at a few seconds, and let the clocks of machines be set by NTP.',
  },
  'PORTICO-723': {
    severity: 'high',
    title: 'Secret in plain text',
    cause: 'Whoever reads the repository, a backup of it or a build log has the secret.',
    fix: 'Take it from the environment (`"${NAME}"`) or from a file (`file:`), and replace the one that was written down.',
  },
  'PORTICO-724': {
    severity: 'low',
    title: 'Tokens that nobody can end',
    cause: 'A stolen token is good until it expires, however late the issuer lets that be.',
    fix: 'Bound them by `maxLifetime`, or hold them against a list by `revocation`.',
  },
  'PORTICO-725': {
    severity: 'medium',
    title: 'API keys that never expire',
    cause: 'A key that leaks is good for ever, and nobody notices: nobody has to replace it.',
    fix: 'Make keys with `--expires`, and rotate the old ones by `portico keys rotate`.',
  },
  'PORTICO-726': {
    severity: 'high',
    title: 'Passwords over plain HTTP',
    cause: 'Whoever is on the way reads the password, with each request.',
    fix: 'Leave `transport: tls`, and end TLS here or at a trusted proxy.',
  },
  'PORTICO-727': {
    severity: 'low',
    title: 'API keys in addresses',
    cause: 'Addresses stand in histories, referrers and logs of others; keys in them do as well.',
    fix: 'Take keys from the header alone: remove `query`.',
  },
  'PORTICO-728': {
    severity: 'low',
    title: 'Revoked tokens are taken while Redis is away',
    cause: 'Who holds a revoked token needs only wait for, or make, an outage of Redis.',
    fix: 'Leave `whenDown: refuse`.',
  },
  'PORTICO-729': {
    severity: 'high',
    title: 'Secret that can be guessed',
    cause:
      'Whoever has one token, or one hash, tries secrets by the billion on a machine of their own until one fits, and then makes tokens.',
    fix: 'Make a random one, such as by `openssl rand -base64 48`.',
  },
  'PORTICO-730': {
    severity: 'medium',
    title: 'Strangers without a limit',
    cause: 'Who need not say who they are may ask as often as they can: to guess, to copy or to bring it down.',
    fix: 'Give it a `rateLimit`, or the whole gateway one.',
  },
  'PORTICO-731': {
    severity: 'low',
    title: 'Callers without a limit',
    cause: 'One account, or one stolen token, may take all there is.',
    fix: 'Give it a `rateLimit` by user, or the whole gateway one.',
  },
  'PORTICO-732': {
    severity: 'medium',
    title: 'Guessing without a limit',
    cause:
      'The field takes a password, a code or an address to send one to. The limit of the BFF lets as many be tried as it lets requests in, and more by aliases.',
    fix: 'Add @rateLimit to the field, by ip or user: each selection counts.',
  },
  'PORTICO-733': {
    severity: 'low',
    title: 'Bound above its default',
    cause: 'One request may cost more than Portico is tested to bear from strangers.',
    fix: 'Remove the setting, or trust documents, so that only yours are that large.',
  },
  'PORTICO-734': {
    severity: 'low',
    title: 'Any document at any cost',
    cause: 'A stranger’s document may select the dearest there is, up to every other bound at once.',
    fix: 'Set `limits.cost`, or let production answer only trusted documents.',
  },
  'PORTICO-735': {
    severity: 'medium',
    title: 'Limit by what the client chooses',
    cause: 'A header is what the client says: another value is another allowance.',
    fix: 'Count by ip, user or key, alone or beside the header.',
  },
  'PORTICO-736': {
    severity: 'medium',
    title: 'Several gateways, each with limits of its own',
    cause: 'The limit is as often there as there are replicas.',
    fix: 'Name the `redis` that they share.',
  },
  'PORTICO-737': {
    severity: 'low',
    title: 'A wait that is too long',
    cause: 'Requests that wait hold memory and slots: a service that is slow, or is made so, takes the others with it.',
    fix: 'Bound it by what a person would wait for: streams have no such bound.',
  },
  'PORTICO-738': {
    severity: 'low',
    title: 'Streams for strangers',
    cause: 'A stream is held for as long as its client likes: one machine takes all that a BFF may have open.',
    fix: 'Add @auth to the field, or @rateLimit by IP.',
  },
  'PORTICO-739': {
    severity: 'low',
    title: 'Requests that are held against no description',
    cause: 'Whatever a client sends reaches the service, though its OpenAPI document says what it takes.',
    fix: 'Say `validate: true`; `validate: { unknown: pass }` where the document does not have everything, `false` where it is meant.',
  },
  'PORTICO-740': {
    severity: 'medium',
    title: 'Plain HTTP for everybody',
    cause: 'Whoever is on the way reads tokens and answers, and changes them.',
    fix: 'Set `tls`, or name the proxy that ends it by `trustedProxies`.',
  },
  'PORTICO-741': {
    severity: 'high',
    title: 'Anybody is a trusted proxy',
    cause: 'Each client says by a header where it comes from: rules and limits by address, and logs, believe it.',
    fix: 'Name the ranges of your proxies alone.',
  },
  'PORTICO-742': {
    severity: 'low',
    title: 'Probes for everybody',
    cause: '/metrics tells names of services and routes, traffic and failures to whoever reaches that address.',
    fix: 'Open it on an address that only the platform reaches.',
  },
  'PORTICO-743': {
    severity: 'medium',
    title: 'Any page may read what callers get',
    cause: 'A page of an attacker that has, or is handed, a token reads answers from the browsers of others.',
    fix: 'Name the origins of your pages.',
  },
  'PORTICO-744': {
    severity: 'medium',
    title: 'Origin that others can take',
    cause:
      'Whoever is on the way writes pages of an http:// origin, and any sandboxed page has the origin `null`: both then read answers.',
    fix: 'Name https:// origins alone.',
  },
  'PORTICO-745': {
    severity: 'info',
    title: 'TLS 1.2 is spoken',
    cause: 'Nothing by itself: its ciphers here are sound, and 1.3 leaves an attacker less to try.',
    fix: 'Set `tls.minVersion: TLSv1.3` where all clients speak it.',
  },
  'PORTICO-746': {
    severity: 'low',
    title: 'Certificate that ends within 30 days',
    cause: 'Nobody renews it by a machine, or the machine has failed; one day clients are told to click through.',
    fix: 'Lay a new one in its place; the gateway takes it without a restart.',
  },
  'PORTICO-747': {
    severity: 'low',
    title: 'Browsers are not told to stay with https',
    cause: 'The first request of a visit can be had over plain HTTP, and answered by whoever is on the way.',
    fix: 'Remove `hsts: 0s`.',
  },
  'PORTICO-748': {
    severity: 'low',
    title: 'Nobody sees what came',
    cause: 'After an attack nothing tells what was asked for, and by whom.',
    fix: 'Remove `accessLog: false`.',
  },
  'PORTICO-749': {
    severity: 'low',
    title: 'Revoked certificates of clients are taken',
    cause: 'Who has stolen a client’s key is let in until its certificate ends.',
    fix: 'Name the list of the authority by `tls.clients.crl`.',
  },
  'PORTICO-750': {
    severity: 'high',
    title: 'Identity over an open wire',
    cause: 'Whoever is on the way to the service reads the token and uses it, or says another name in the headers.',
    fix: 'Reach the service by TLS (an https:// URL, or `tls: {}`).',
  },
  'PORTICO-751': {
    severity: 'low',
    title: 'Plain text on the way to a service',
    cause: 'Whoever is on the way reads requests and answers, and changes them.',
    fix: 'Reach the service by TLS (an https:// URL, or `tls: {}`).',
  },
  'PORTICO-752': {
    severity: 'info',
    title: 'A public authority vouches for an internal name',
    cause: 'Any authority of the system’s list, or one that got in there, can make a certificate for the name.',
    fix: 'Name the authority of your services by `tls.ca`, or their keys by `tls.pins`.',
  },
  'PORTICO-753': {
    severity: 'medium',
    title: 'Callers’ tokens go to others',
    cause:
      'The service is of another domain than the issuer, and can use each token that it gets in the caller’s name.',
    fix: 'Say `identity: headers`, or let the gateway have a token of its own (`identity: { service: … }`).',
  },
  'PORTICO-754': {
    severity: 'medium',
    title: 'Redis that others reach',
    cause: 'Who reads or writes there un-revokes tokens, resets limits and registers documents.',
    fix: 'Reach it by rediss:// with a password.',
  },
  'PORTICO-756': {
    severity: 'medium',
    title: 'Resolvers that start programs or run text',
    cause:
      'What of an argument reaches a shell or `eval` is run with the rights of the gateway, which holds every secret.',
    fix: 'Let a service do it.',
  },
  'PORTICO-760': {
    severity: 'medium',
    title: 'List that lets everybody in',
    cause: 'The list looks like a guard, and nearly every address is on it.',
    fix: 'Name the ranges that are meant, or remove `allow`.',
    example: 'ipRules: { allow: [0.0.0.0/0] }',
  },
  'PORTICO-761': {
    severity: 'info',
    title: 'List of those who may not',
    cause: 'It keeps out who does not mind: another address is to be had for cents.',
    fix: 'Name those who may by `allow` where that can be known.',
  },
  'PORTICO-762': {
    severity: 'low',
    title: 'Security headers switched off',
    cause: 'Answers may be framed by other pages, taken for scripts, or named in referrers.',
    fix: 'Set the one header that is in the way to `false`, or to a value of your own.',
    example: 'securityHeaders: false',
  },
  'PORTICO-763': {
    severity: 'low',
    title: 'Field that nobody should read',
    cause: 'By its name it holds a password, a key, a card or the number of a person, and strangers may select it.',
    fix: 'Leave it out of the schema, hide it by a rule of `mask`, or guard it by @auth.',
  },
  'PORTICO-764': {
    severity: 'high',
    title: 'Credentials over plain HTTP',
    cause: 'Whoever is on the way reads the token, key or password, and is then that caller.',
    fix: 'Set `tls`, or name the proxy that ends it by `trustedProxies`.',
  },
  'PORTICO-765': {
    severity: 'info',
    title: 'No way from http to https',
    cause: 'People type names without a scheme: who answers there first, answers.',
    fix: 'Set `tls.redirect: 0.0.0.0:80`; browsers then keep to https by HSTS.',
  },
  'PORTICO-779': {
    severity: 'info',
    title: 'Acceptance that nothing needs',
    cause: 'The next finding of that kind there would be accepted unread.',
    fix: 'Remove it.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
