import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'

it('a process keeps few buffers that nobody holds any more, and says nothing of it', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    cwd: `${import.meta.dirname}/../..`,
  })
  assert.equal(stderr, '')
  const most = Number(stdout)
  assert.ok(most > 0 && most < 64, `${most} MiB`)
})

const script = `
  import { keepFewYoungBuffers } from './src/cli/young-buffers.ts'
  keepFewYoungBuffers()
  let most = 0
  for (let count = 0; count < 4_096; count += 1) {
    Buffer.allocUnsafeSlow(65_536)
    most = Math.max(most, process.memoryUsage().arrayBuffers)
  }
  console.log(most / 1_048_576)
`
