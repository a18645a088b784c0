import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'

it('asks V8 to keep few buffers that nobody holds any more, by a flag that this V8 knows', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    cwd: `${import.meta.dirname}/../..`,
  })
  // Of a flag it does not know, V8 complains on stderr.
  assert.deepEqual({ stdout, stderr, status }, { stdout: 'asked\n', stderr: '', status: 0 })
})

const script = `
  import { keepFewYoungBuffers } from './src/cli/young-buffers.ts'
  keepFewYoungBuffers()
  console.log('asked')
`
