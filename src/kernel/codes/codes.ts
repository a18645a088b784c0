import { typeCodes } from './answers.ts'
import { auditCodes } from './audit.ts'
import { costCodes } from './cost.ts'
import { endpointCodes } from './endpoints.ts'
import type { CodeEntry } from './entry.ts'
import { grpcCodes } from './grpc.ts'
import { openApiCodes } from './openapi.ts'
import { probeCodes } from './probes.ts'
import { protoCodes } from './protos.ts'
import { securityCodes } from './security.ts'
import { structureCodes } from './structure.ts'
import { templateCodes } from './templates.ts'
import { workspaceCodes } from './workspace.ts'

/** Every kind of mistake there is, by range. Numbers are for good: one that is gone is not given again. */
export const codeGroups = [
  { title: 'Workspace', codes: workspaceCodes },
  { title: 'Structure of schemas', codes: structureCodes },
  { title: 'gRPC bindings', codes: grpcCodes },
  { title: 'Types', codes: typeCodes },
  { title: 'Cost', codes: costCodes },
  { title: 'Templates and reach', codes: templateCodes },
  { title: 'Stored operations', codes: endpointCodes },
  { title: 'Security', codes: securityCodes },
  { title: 'Security review, by `portico audit`', codes: auditCodes },
  { title: 'Protos', codes: protoCodes },
  { title: 'OpenAPI documents', codes: openApiCodes },
  { title: 'Answers of services, by --probe', codes: probeCodes },
] as const

type Groups = (typeof codeGroups)[number]['codes']

/** The stable name of a kind of mistake. */
export type Code = Groups extends infer Group ? (Group extends unknown ? keyof Group & string : never) : never

const entries: ReadonlyMap<string, CodeEntry> = new Map(
  codeGroups.flatMap(({ codes }) => Object.entries<CodeEntry>(codes)),
)

/** Every code, by number. */
export const allCodes: readonly string[] = [...entries.keys()].sort()

/** What is known of a code; undefined for a code that there is not. */
export const codeEntry = (code: string): CodeEntry | undefined => entries.get(code)
