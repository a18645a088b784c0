import type { TestContext } from 'node:test'
import { createGateway } from '../../src/admin/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { type Files, layWorkspace } from '../support/gateway.ts'

export type Administered = Awaited<ReturnType<typeof createGateway>> & {
  /** Such as `http://127.0.0.1:41234`. */
  readonly adminUrl: string
  readonly dir: string
}

/** A gateway that transcodes one proto under `/api/*` and has an admin port. */
export const startAdministered = async (t: Pick<TestContext, 'after'>, files: Files = {}): Promise<Administered> => {
  const workspace = await layWorkspace({ 'portico.yaml': workspaceYaml, 'protos/test.proto': proto, ...files })
  const gateway = await createGateway({ dir: workspace.dir, env: {}, log: createLog({ level: 'silent' }) })
  t.after(async () => {
    await gateway.close()
    await workspace.remove()
  })
  const { host, port } = gateway.admin ?? { host: 'nowhere', port: 0 }
  return { ...gateway, adminUrl: `http://${host}:${port}`, dir: workspace.dir }
}

export const workspaceYaml = `listen: 127.0.0.1:0
admin: 127.0.0.1:0
services:
  test: { grpc: "127.0.0.1:1", proto: test.proto, identity: none }
routes:
  - { path: /api/*, transcode: test }
  - { path: /more/*, transcode: test }
`

const proto = `syntax = "proto3";
package test.v1;
import "google/api/annotations.proto";
// Keeps books.
service Library {
  // Finds one book.
  rpc GetBook(GetBookRequest) returns (Book) { option (google.api.http) = {get: "/v1/{name=shelves/*/books/*}"}; }
  // Adds a book.
  rpc AddBook(Book) returns (Book) { option (google.api.http) = {post: "/v1/books" body: "*"}; }
}
message GetBookRequest { string name = 1; }
message Book { string name = 1; int64 pages = 2; Book sequel = 3; }
`
