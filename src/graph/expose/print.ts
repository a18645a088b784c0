import { Kind, print } from 'graphql'

/** One definition of SDL, before it is text. */
export type Definition = {
  readonly kind: 'type' | 'input' | 'enum' | 'extend type'
  readonly name: string
  /** What of the proto it stands for: two definitions of one name and one origin are the same. */
  readonly of: string
  readonly description?: string
  readonly directives: readonly string[]
  readonly members: readonly Member[]
}

/** A field, an argument, an input field or, without a type, a value of an enum. */
export type Member = {
  readonly name: string
  readonly type?: string
  readonly description?: string
  readonly directives: readonly string[]
  readonly args?: readonly Member[]
}

const indentation = '  '

/** A definition as SDL, ending with a line break. */
export const printDefinition = ({ kind, name, description, directives, members }: Definition): string => {
  const long = directives.join(' ').length > 80
  const said = directives.map((directive) => (long ? `\n${indentation}${directive}` : ` ${directive}`)).join('')
  return `${describe(description, '')}${kind} ${name}${said}${long ? '\n' : ' '}{\n${members
    .map((member) => printMember(member, indentation))
    .join('')}}\n`
}

const printMember = ({ name, type, description, directives, args = [] }: Member, indent: string): string => {
  const typed = type === undefined ? '' : `: ${type}`
  const long = directives.join(' ').length > 80
  const said = directives
    .map((directive) => (long ? `\n${indent}${indentation}${directive}` : ` ${directive}`))
    .join('')
  return `${describe(description, indent)}${indent}${name}${printArguments(args, indent)}${typed}${said}\n`
}

/** On one line where they are few and say nothing of themselves. */
const printArguments = (args: readonly Member[], indent: string): string => {
  if (args.length === 0) return ''
  const plain = args.map(({ name, type = '', directives }) => [`${name}: ${type}`, ...directives].join(' ')).join(', ')
  if (plain.length <= 80 && args.every(({ description }) => description === undefined)) return `(${plain})`
  return `(\n${args.map((arg) => printMember(arg, indent + indentation)).join('')}${indent})`
}

const describe = (text: string | undefined, indent: string): string => {
  if (text === undefined) return ''
  const block = text.includes('\n') || text.length > 100
  return print({ kind: Kind.STRING, value: text, block })
    .split('\n')
    .map((line) => (line === '' ? '\n' : `${indent}${line}\n`))
    .join('')
}
