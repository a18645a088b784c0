import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Root } from 'protobufjs'
import { services } from '../catalog.ts'
import { type Diagnostic, type Place, startOf } from '../kernel/diagnostic.ts'
import type { Service } from '../services/service.ts'
import type { Plan } from './plan.ts'

/**
 * The definitions that clients of a gRPC service were made for, committed with the workspace as a descriptor set:
 * `contracts/<service>.binpb`. Against it, an edit of a proto that breaks them is told with both of its places.
 */
const folder = 'contracts'

/** What breaks the descriptor sets that a workspace holds as contracts; nothing where it holds none. */
export const checkProtoContracts = (plan: Plan): readonly Diagnostic[] =>
  globSync(`${folder}/*.binpb`, { cwd: plan.dir })
    .sort()
    .flatMap((path) => {
      const file = path.replaceAll('\\', '/')
      const name = basename(file, '.binpb')
      const service = plan.services.get(name)
      if (service?.kind !== 'grpc')
        return [
          breaking(startOf(file), name, `There is no gRPC service ${name} any more, which this is the contract of`),
        ]
      const was = services.readDescriptors(readFileSync(join(plan.dir, file)), { shown: file })
      return 'root' in was ? breaksOf(service, { root: was.root, shownIn: '' }) : was.diagnostics
    })

/** What breaks clients of the services of another state of the workspace, such as a checkout of the branch to merge into. */
export const compareServices = (
  plan: Plan,
  { before, dir }: { readonly before: ReadonlyMap<string, Service>; readonly dir: string },
): readonly Diagnostic[] =>
  [...plan.services.values()].flatMap((service) => {
    const was = before.get(service.name)
    if (service.kind !== 'grpc' || was?.kind !== 'grpc') return []
    return breaksOf(service, { root: was.root, shownIn: `${dir.replace(/\/+$/, '')}/` })
  })

type Before = { readonly root: Root; readonly shownIn: string }

const breaksOf = (service: Extract<Service, { kind: 'grpc' }>, { root, shownIn }: Before): readonly Diagnostic[] =>
  services
    .compare(root, service.root)
    .filter((change) => change.breaking)
    .map(({ coordinate, message, was, now }) => {
      const before = was && { ...was.place, file: shownIn + was.place.file }
      const sides = [
        ...(was === undefined || before === undefined
          ? []
          : [`It was ${was.text}${now === undefined ? '' : ` (${shown(before)})`}`]),
        ...(now === undefined ? [] : [`is ${now.text}`]),
      ]
      const told = sides.length === 0 ? '' : ` ${sides.join(' and ')}.`
      return breaking(
        now?.place ?? before ?? startOf('portico.yaml'),
        coordinate,
        `${message}${told}`.replace(/\.$/, ''),
      )
    })

const shown = ({ file, line, column }: Place): string => `${file}:${line}:${column}`

const breaking = (place: Place, coordinate: string, what: string): Diagnostic => ({
  severity: 'error',
  code: 'PORTICO-807',
  place,
  coordinate,
  message: `${what}.`,
})
