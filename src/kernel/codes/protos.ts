import type { CodeEntry } from './entry.ts'

/** Mistakes of protos, of their HTTP annotations, and of what is exposed of them. */
export const protoCodes = {
  'PORTICO-801': {
    severity: 'error',
    title: 'Proto that cannot be read',
    cause: 'The text is no proto, or defines a name or number twice.',
    fix: 'Mend the line.',
  },
  'PORTICO-802': {
    severity: 'error',
    title: 'Type that is not defined',
    cause: 'A field or method names a message or enum that no file in reach defines.',
    fix: 'Take the name that is proposed, or import the file.',
    example: 'message Product { Monney price = 2; }',
  },
  'PORTICO-803': {
    severity: 'error',
    title: 'Proto file that is not there',
    cause: 'A file that is named or imported is in none of the directories, or has two names.',
    fix: 'Correct the name, or add its directory to `include`.',
  },
  'PORTICO-804': {
    severity: 'error',
    title: 'Descriptor set that cannot be read',
    cause: 'The file or the answer of reflection is no whole FileDescriptorSet of a size that is read.',
    fix: 'Make it by `buf build -o x.binpb`, or by protoc with --include_imports.',
  },
  'PORTICO-805': {
    severity: 'error',
    title: 'Definitions that are not given, or given twice',
    cause: 'A gRPC service has its definitions from exactly one of `proto`, `descriptors` and `reflection`.',
    fix: 'Keep one of them.',
  },
  'PORTICO-806': {
    severity: 'error',
    title: 'Service that does not tell its definitions',
    cause: 'The service could not be asked by reflection.',
    fix: 'Start it with reflection, or give protos or a descriptor set.',
  },
  'PORTICO-807': {
    severity: 'error',
    title: 'Change of a proto that breaks clients',
    cause:
      'A definition is no longer what it is in the committed contract of its service, contracts/<service>.binpb, or in the workspace of `--against`.',
    fix: 'Add instead of changing; where the break is meant, write the contract anew: buf build -o contracts/<service>.binpb.',
  },
  'PORTICO-810': {
    severity: 'error',
    title: 'Wrong HTTP annotation',
    cause: 'google.api.http names a field that the request lacks, or has a template that cannot match.',
    fix: 'Mend the annotation in the proto.',
  },
  'PORTICO-811': {
    severity: 'warning',
    title: 'HTTP address that is taken',
    cause: 'Two methods have one HTTP address; the first is served.',
    fix: 'Give one of them another path.',
  },
  'PORTICO-820': {
    severity: 'error',
    title: 'Wrong `expose`',
    cause: 'The exposure names a service or method that there is not, or asks of it what it is not.',
    fix: 'Take a name that there is.',
  },
  'PORTICO-821': {
    severity: 'error',
    title: 'Names that meet',
    cause: 'What is exposed has the name of something in the schema files or in another exposure.',
    fix: 'Set the names apart by `prefix`.',
  },
  'PORTICO-822': {
    severity: 'warning',
    title: 'Method that is not exposed',
    cause: 'The method cannot be shown in GraphQL.',
    fix: 'Serve it by a transcoding route instead.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
