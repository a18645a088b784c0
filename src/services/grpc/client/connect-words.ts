/**
 * Why a connection failed, for those who run the gateway: the words of Node or grpc-js without what surrounds them, or
 * ours where a setting of the workspace mends it.
 */
export const connectWords = (text: string): string => {
  const bare = text
    .replace(/^No connection established\. Last error: (?:Error(?: \[\w+\])?: )?/, '')
    .replace(/\.? Resolution note: $/, '')
  return ours.find(([sign]) => sign.test(bare))?.[1] ?? bare
}

const ours: readonly (readonly [sign: RegExp, words: string])[] = [
  [
    /unable to (?:verify|get) |self[- ]signed/,
    'The certificate of the service comes from no authority that is trusted; `tls.ca` names one.',
  ],
  [
    /altnames/,
    'The certificate of the service is for other names than the host of its address; `tls.serverName` names it.',
  ],
  [/certificate has expired/, 'The certificate of the service has expired.'],
  [/alert certificate required/, 'The service asks for a certificate of the gateway: `tls.cert` and `tls.key`.'],
  [
    /alert (?:unknown ca|bad certificate|certificate \w+)/,
    'The service refuses the certificate of the gateway (`tls.cert`).',
  ],
  [/wrong version number|packet length too long/, 'The service speaks no TLS at this port; `tls` asks for it.'],
  [
    /^Failed to connect \(|closed before it was ready/,
    'The service closed the connection before it was ready. Does it want `tls`?',
  ],
]
