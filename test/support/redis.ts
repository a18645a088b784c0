import { spawn } from 'node:child_process'
import { freePort } from './free-port.ts'

export type TestRedis = { readonly url: string; readonly stop: () => Promise<void> }

/** A Redis server of its own on a free port, with nothing on disk, with further arguments. Rejects, saying how to install it, where there is none. */
export const startRedis = async (more: readonly string[] = []): Promise<TestRedis> => {
  const port = await freePort()
  const server = spawn('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    ...more,
  ])
  const stopped = new Promise<void>((resolve) => server.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    let output = ''
    server.once('error', (cause) =>
      reject(
        new Error('These tests need redis-server: apt-get install -y redis-server, or brew install redis.', { cause }),
      ),
    )
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}: ${output}`)))
    server.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (output.includes('Ready to accept connections')) resolve()
    })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => {
      server.kill('SIGKILL')
      return stopped
    },
  }
}
