import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { placeOfNode } from '../graph/bind/sdl.ts'
import { type Diagnostic, type Place, placeAt, startOf } from '../kernel/diagnostic.ts'
import { addressesOf, type Change, type Contract, changesOf } from './contract-operations.ts'
import { documentedApis, openApiDocument } from './openapi.ts'
import type { Plan } from './plan.ts'

/**
 * A contract is the OpenAPI document of a BFF's endpoints that its clients were made for, committed with the workspace
 * as `contracts/<bff>.json`. What is added is no break; what is taken away, narrowed or newly asked for is.
 */
const folder = 'contracts'

/** The contracts of BFFs with endpoints, all or one, as they are now: files relative to the workspace. */
export const contractFiles = (plan: Plan, bff?: string): readonly { readonly file: string; readonly text: string }[] =>
  contractsOf(plan)
    .filter(({ name }) => bff === undefined || name === bff)
    .map(({ name, document }) => ({ file: `${folder}/${name}.json`, text: `${JSON.stringify(document, null, 2)}\n` }))

const contractsOf = (plan: Plan): readonly { readonly name: string; readonly document: object }[] =>
  documentedApis(plan)
    .filter(({ kind }) => kind === 'bff')
    .map((api) => ({ name: api.name, document: openApiDocument([api], plan) }))

/** What breaks the contracts that a workspace holds; nothing where it holds none. */
export const checkContracts = (plan: Plan): readonly Diagnostic[] => {
  const now = new Map(contractsOf(plan).map(({ name, document }) => [name, document as Contract]))
  return globSync(`${folder}/*.json`, { cwd: plan.dir })
    .sort()
    .flatMap((path) => {
      const file = path.replaceAll('\\', '/')
      const text = readFileSync(join(plan.dir, file), 'utf8')
      const old = readContract(text)
      if (old === undefined)
        return [breaking(startOf(file, text), file, 'This is no contract; `portico openapi --contract` writes one')]
      const name = basename(file, '.json')
      return compare(old, now.get(name) ?? { ...old, paths: {} }, { plan, name, file, text })
    })
}

const readContract = (text: string): Contract | undefined => {
  try {
    const value = JSON.parse(text) as Partial<Contract> | null
    return value?.paths && value.servers && value.components?.schemas ? (value as Contract) : undefined
  } catch {
    return undefined
  }
}

type Within = { readonly plan: Plan; readonly name: string; readonly file: string; readonly text: string }

const compare = (old: Contract, now: Contract, within: Within): readonly Diagnostic[] => {
  const current = addressesOf(now)
  return [...addressesOf(old)].flatMap(([address, before]) => {
    const after = current.get(address)
    const [method = ''] = address.split(' ', 1)
    if (after === undefined) {
      const { file, text } = within
      const place = placeAt(file, text, Math.max(0, text.indexOf(JSON.stringify(before.path))))
      return [
        breaking(
          place,
          before.operationId,
          `${method} ${before.path} is gone, which clients of ${within.name} may call`,
        ),
      ]
    }
    const place = placeOf(after.path, method, within)
    return changesOf(before, after, { old, now }).map(({ what, mild }: Change) =>
      breaking(place, after.operationId, `${method} ${after.path}: ${what}`, mild),
    )
  })
}

/** Where the operation stands that answers now. */
const placeOf = (path: string, method: string, { plan, name, file, text }: Within): Place => {
  const served = plan.bffs.find((bff) => bff.served.name === name)?.served
  const endpoint = served?.endpoints.find((one) => one.path === path && one.method === method)
  return endpoint === undefined ? startOf(file, text) : placeOfNode(endpoint.operation.node)
}

const breaking = (place: Place, coordinate: string, what: string, mild = false): Diagnostic => ({
  severity: mild ? 'warning' : 'error',
  code: 'PORTICO-607',
  place,
  coordinate,
  message: `${what}. Where that is meant, write the contract anew: portico openapi --contract.`,
})
