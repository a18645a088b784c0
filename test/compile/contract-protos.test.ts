import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { checkProtoContracts, compareServices } from '../../src/compile/contract-protos.ts'
import type { Plan } from '../../src/compile/plan.ts'
import { type Diagnostic, formatDiagnostics } from '../../src/kernel/diagnostic.ts'
import { descriptorSetOf } from '../support/descriptor-set.ts'
import { layWorkspace } from '../support/gateway.ts'

const proto = `syntax = "proto3";
package shop.v1;
service Catalog {
  rpc GetProduct(GetProductRequest) returns (Product);
  rpc DropProduct(GetProductRequest) returns (Product);
}
message GetProductRequest {
  string id = 1;
}
message Product {
  string id = 1;
  int64 pages = 2;
}
`
const edited = proto
  .replace('int64 pages', 'int32 pages')
  .replace('  rpc DropProduct(GetProductRequest) returns (Product);\n', '')
  .replace('string id = 1;\n}\n', 'string id = 1;\n  string locale = 2;\n}\n')

describe('the descriptor set of a service, as a contract', () => {
  it('is kept by what is only added', async (t) => {
    const plan = await planned(t, proto.replace('int64 pages = 2;', 'int64 pages = 2;\n  string title = 3;'))
    await commit(plan, 'catalog')
    assert.deepEqual(told(checkProtoContracts(plan)), [])
  })

  it('tells an edit in place that breaks clients, with both places', async (t) => {
    const plan = await planned(t, edited)
    await commit(plan, 'catalog')
    const [gone = '', retyped = '', ...more] = told(checkProtoContracts(plan))
    assert.match(
      gone,
      /^contracts\/catalog\.binpb\/shop\.proto:5:\d+ {2}shop\.v1\.Catalog\/DropProduct {2}PORTICO-807\n[^]*This method is gone\. It was rpc DropProduct\(.*\)\.$/,
    )
    assert.match(
      retyped,
      /^protos\/shop\.proto:\d+:\d+ {2}shop\.v1\.Product\.pages {2}PORTICO-807\n[^]*It was int64 pages = 2 \(contracts\/catalog\.binpb\/shop\.proto:12:\d+\) and is int32 pages = 2\.$/,
    )
    assert.deepEqual(more, [])
  })

  it('says where its service is gone, and where it is no descriptor set', async (t) => {
    const plan = await planned(t, proto)
    await commit(plan, 'stock')
    await writeFile(join(plan.dir, 'contracts/catalog.binpb'), 'text')
    const [unread = '', gone = ''] = told(checkProtoContracts(plan))
    assert.match(unread, /PORTICO-804\n[^]*contracts\/catalog\.binpb is no descriptor set/)
    assert.match(gone, /There is no gRPC service stock any more, which this is the contract of\.$/)
  })
})

describe('a workspace compared with what it was', () => {
  it('tells changes of protos that break clients, with the place in the other one', async (t) => {
    const [was, now] = [await planned(t, proto), await planned(t, edited)]
    const [gone = '', retyped = ''] = told(compareServices(now, { before: was.services, dir: '../main/' }))
    assert.match(gone, /^\.\.\/main\/protos\/shop\.proto:5:7 {2}shop\.v1\.Catalog\/DropProduct/)
    assert.match(
      retyped,
      /^protos\/shop\.proto:\d+:9 [^]*\(\.\.\/main\/protos\/shop\.proto:12:9\) and is int32 pages = 2\.$/,
    )
    assert.deepEqual(compareServices(now, { before: now.services, dir: '.' }), [])
  })
})

const told = (diagnostics: readonly Diagnostic[]): string[] => diagnostics.map((one) => formatDiagnostics([one]).trim())

const planned = async (t: TestContext, text: string): Promise<Plan> => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': 'services:\n  catalog: { grpc: "127.0.0.1:1", proto: shop.proto, identity: none }\n',
    'protos/shop.proto': text,
  })
  t.after(remove)
  const { plan, diagnostics } = await compileWorkspace(dir, {})
  assert.ok(plan !== undefined, formatDiagnostics(diagnostics))
  return plan
}

const commit = async ({ dir }: Plan, name: string): Promise<void> => {
  const file = join(dir, `contracts/${name}.binpb`)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, await descriptorSetOf('shop.proto', proto))
}
