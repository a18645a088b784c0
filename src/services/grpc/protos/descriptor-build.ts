import type { Namespace, ReflectionObject } from 'protobufjs'
import { type Building, type Spot, startBuilding } from './building.ts'
import { buildEnum, buildMessage, buildService, groupNames } from './descriptor-elements.ts'
import { buildField } from './descriptor-fields.ts'
import { languageOptions } from './descriptor-options.ts'
import { type FileDescriptor, fieldNumbers } from './descriptor-schema.ts'
import { isFullName, packageIn } from './identifiers.ts'
import type { Loading } from './loading.ts'

/** Adds what a file defines to the root. Returns what is to be done when the root is resolved. */
export const buildFile = (file: FileDescriptor, loading: Loading, shown: string): (() => void) => {
  const building = startBuilding(file, loading, shown)
  const whole = { owner: '', path: '' }
  const edition = editionOf(file)
  const proper = file.package === '' || (isFullName(file.package) && !file.package.startsWith('.'))
  const namespace = proper ? packageIn(loading.root, file.package) : undefined
  if (edition === undefined)
    building.report(whole, '', `Its edition (${file.edition}) is none of those known here: 2023 and 2024.`)
  else if (namespace === undefined)
    building.report(whole, '', `No package can be called ${JSON.stringify(file.package.slice(0, 64))} here.`)
  else buildTop(file, { building, namespace, edition })
  return building.finish
}

/** As protobufjs calls them; undefined for what it does not know. */
const editionOf = ({ syntax, edition }: FileDescriptor): string | undefined =>
  syntax === 'editions' ? editions.get(edition) : syntaxes.get(syntax)

const syntaxes = new Map([
  ['', 'proto2'],
  ['proto2', 'proto2'],
  ['proto3', 'proto3'],
])

const editions = new Map([
  [1000, '2023'],
  [1001, '2024'],
])

type Top = { readonly building: Building; readonly namespace: Namespace; readonly edition: string }

/** The elements that a file consists of, which carry its edition and its features for all that is in them. */
const buildTop = (file: FileDescriptor, { building, namespace, edition }: Top): void => {
  const { features } = languageOptions(file.options, 'FileOptions')
  const { messages, enums, services, extensions } = fieldNumbers.file
  const each = <Item>(items: readonly Item[], number: number, build: (item: Item, spot: Spot) => Built): void => {
    for (const [index, item] of items.entries()) {
      const spot = { owner: file.package, path: `${number},${index}` }
      const element = build(item, spot)
      if (element === undefined) continue
      // protobufjs' parser sets this property too; there is no public way.
      const pinned: ReflectionObject & { _edition?: string } = element
      pinned._edition = edition
      if (features !== undefined)
        element.options = { ...element.options, features: { ...features, ...element.options?.['features'] } }
      building.add(namespace, element, spot)
    }
  }
  const groups = groupNames(file.extension)
  each(file.messageType, messages, (item, spot) => buildMessage(item, { building, spot, group: groups.has(item.name) }))
  each(file.enumType, enums, (item, spot) => buildEnum(item, building, spot))
  each(file.extension, extensions, (item, spot) => buildField(item, { building, spot, entries: new Map() }))
  each(file.service, services, (item, spot) => buildService(item, building, spot))
}

type Built = ReflectionObject | undefined
