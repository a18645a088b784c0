import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import type { Type } from 'protobufjs'
import protojson from 'protobufjs/ext/protojson.js'
import { type Json, parseLossless } from '../src/kernel/json.ts'
import { parseRequestJson } from '../src/kernel/json-request.ts'
import { messageCodec } from '../src/services/grpc/json/codec.ts'
import { loadProtos } from '../src/services/grpc/protos/text.ts'
import { fullProductOf, productList, protoFile } from './products.ts'
import { median } from './report.ts'

const rounds = 15
const asLoaded = { longs: String, enums: String, bytes: String, defaults: true, oneofs: true }
const loaded = loadProtos({ files: ['products.proto'], includeDir: dirname(protoFile), displayDir: 'protos' })
if (!('root' in loaded)) throw new Error('The protos do not load.')
const { root } = loaded

type Contestant = readonly [name: string, run: () => unknown]

for (const { title, name, json, runs } of [
  { title: 'A product of ten fields', name: 'bench.v1.Product', json: fullProductOf('p-1') as Json, runs: 6_000 },
  { title: 'A list of 100 products', name: 'bench.v1.ListProductsResponse', json: productList as Json, runs: 60 },
]) {
  const type = root.lookupType(name)
  const { encode, decode, decodeText } = messageCodec(type)
  const bytes = encode(json)
  const text = JSON.stringify(json)

  compare(`${title}, JSON to bytes`, runs, [
    ['protobufjs, fromObject', () => type.encode(type.fromObject(json as Record<string, unknown>)).finish()],
    ['protobufjs, protojson', () => type.encode(protojson.fromJson(type, json)).finish()],
    ['Portico', () => encode(json)],
  ])
  compare(`${title}, bytes to JSON text`, runs, [
    ['protobufjs, toObject', () => JSON.stringify(type.toObject(type.decode(bytes), asLoaded))],
    ['protobufjs, protojson', () => JSON.stringify(protojson.toJson(type, type.decode(bytes)))],
    ['Portico, through objects', () => JSON.stringify(decode(bytes))],
    ['Portico', () => decodeText(bytes)],
  ])
  compare(`${title}, text to JSON`, runs, [
    ['JSON.parse', () => JSON.parse(text) as unknown],
    ['parseLossless', () => parseLossless(text)],
    ['parseRequestJson', () => parseRequestJson(text)],
  ])
  agree(type, json)
}

function compare(title: string, runs: number, contestants: readonly Contestant[]): void {
  const times = new Map<string, number[]>()
  for (let round = -3; round < rounds; round += 1)
    for (const [name, run] of contestants) {
      const time = microseconds(run, runs)
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), time])
    }
  const [first] = times.values()
  const peer = median(first ?? [])
  process.stdout.write(`### ${title}\n\n| | µs | × ${contestants[0]?.[0]} |\n|---|--:|--:|\n`)
  for (const [name, all] of times)
    process.stdout.write(`| ${name} | ${median(all).toFixed(1)} | ${(median(all) / peer).toFixed(2)} |\n`)
  process.stdout.write('\n')
}

function microseconds(run: () => unknown, count: number): number {
  let made = 0
  const before = process.cpuUsage()
  for (let index = 0; index < count; index += 1) {
    const result = run()
    made += typeof result === 'string' ? Buffer.byteLength(result) : 1
  }
  const { user, system } = process.cpuUsage(before)
  assert.ok(made >= count)
  return (user + system) / count
}

function agree(type: Type, json: Json): void {
  const { encode, decode, decodeText } = messageCodec(type)
  const bytes = encode(json)
  assert.deepEqual(bytes, type.encode(protojson.fromJson(type, json)).finish())
  assert.deepEqual(decode(bytes), json)
  assert.deepEqual(JSON.parse(decodeText(bytes)), protojson.toJson(type, type.decode(bytes)))
}
