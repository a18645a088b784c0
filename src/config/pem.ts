import { createPrivateKey, X509Certificate } from 'node:crypto'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Code } from '../kernel/codes/codes.ts'
import { readText } from '../kernel/snapshot.ts'

/** What a PEM file of a workspace may hold, with what shows that it does. */
const kinds = {
  certificate: { proper: (pem: string) => new X509Certificate(pem), what: 'certificate' },
  privateKey: { proper: createPrivateKey, what: 'private key without a passphrase' },
  revocationList: { proper: (pem: string) => createSecureContext({ crl: pem }), what: 'list of revoked certificates' },
} as const

type PemContext = {
  /** The absolute path of the workspace; files are relative to it. */
  readonly workspaceDir: string
  readonly refuse: (message: string, code: Code) => void
}

/** The text of a PEM file; undefined, and refused, where it is not there or holds something else. */
export const readPem = (
  file: string,
  kind: keyof typeof kinds,
  { workspaceDir, refuse }: PemContext,
): string | undefined => {
  let pem: string
  try {
    pem = readText(resolve(workspaceDir, file))
  } catch {
    refuse(`There is no readable file ${file} in the workspace.`, 'PORTICO-009')
    return undefined
  }
  const { proper, what } = kinds[kind]
  try {
    proper(pem)
    return pem
  } catch {
    refuse(`${file} holds no ${what} in PEM.`, 'PORTICO-012')
    return undefined
  }
}

/** A certificate with its private key: the names of two PEM files, or their texts. */
export type Pair = { readonly cert: string; readonly key: string }

/** Why a certificate cannot be shown with a key, as a sentence; undefined where it can. */
export const unfitPair = (texts: Pair, files: Pair): string | undefined => {
  try {
    createSecureContext(texts)
    return undefined
  } catch (error) {
    return (error as { readonly code?: string }).code === 'ERR_SSL_EE_KEY_TOO_SMALL'
      ? `The key of the certificate in ${files.cert} is too small to be safe.`
      : `${files.key} is not the private key of the certificate in ${files.cert}.`
  }
}
