import type { CodeEntry } from './entry.ts'

/** What should not be open, said or forwarded. */
export const securityCodes = {
  'PORTICO-701': {
    severity: 'warning',
    title: 'Mutation without @auth',
    cause: 'The BFF knows who asks, and this mutation does not care; nobody says that it is meant to be open.',
    fix: 'Add @auth to the field or to the schema; @auth(public: true) says that it is meant.',
  },
  'PORTICO-702': {
    severity: 'error',
    title: 'Service without `identity`',
    cause: 'Whether a service gets the caller’s token is decided by its author, not by default.',
    fix: 'Add identity: forward, or identity: none.',
  },
  'PORTICO-703': {
    severity: 'error',
    title: 'Personal answers in shared caches',
    cause: 'The Cache-Control lets caches give one caller’s answer to another, and the answer depends on the caller.',
    fix: 'Say private, such as cache: "private, max-age=15".',
  },
  'PORTICO-704': {
    severity: 'warning',
    title: 'Secret in SDL',
    cause: 'A literal in a binding looks like a token or key, and schema files are read by many.',
    fix: 'Let the service be reached with TLS and identity settings of portico.yaml instead.',
  },
  'PORTICO-705': {
    severity: 'warning',
    title: 'Claim or header sent to a service without identity',
    cause: 'The service is marked identity: none, and the binding sends it what says who asks.',
    fix: 'Remove it from the binding, or say identity: forward.',
  },
  'PORTICO-706': {
    severity: 'warning',
    title: 'Open to questions in production',
    cause: 'Introspection is on, or any document is answered, and the settings say so for production too.',
    fix: 'Remove the setting, so that development has it and production does not; name trusted documents.',
  },
  'PORTICO-707': {
    severity: 'error',
    title: 'Explained to nobody',
    cause: 'Scopes say who may ask for explanations, and the BFF verifies no tokens: nobody has a scope.',
    fix: 'Add `auth` to the BFF, or remove `explain`.',
  },
  'PORTICO-708': {
    severity: 'warning',
    title: 'Certificate that clients will not take',
    cause: 'The certificate of the gateway has expired or soon does, bears no name, or is one too many for its name.',
    fix: 'Lay a new one in its place; the gateway takes it without a restart.',
  },
  'PORTICO-709': {
    severity: 'error',
    title: 'Mask that cannot apply',
    cause: 'A rule of `mask` reaches nothing, would break the type of a field, or stands where answers are not read.',
    fix: 'Name fields as clients know them from a root field on, give required ones a text, and say `mask` of every route.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
