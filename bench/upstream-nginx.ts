import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { itemOf, longText, numbers, taken } from './data.ts'
import { nginxArgs } from './nginx.ts'
import { runProgram } from './programs.ts'

/**
 * nginx as the upstream of proxies: it serves files and takes uploads at little cost beside any contestant. The
 * message `count` is answered with the requests it has had.
 */
const { port } = await runProgram('nginx', (ground) => {
  const items = join(ground.dir, 'items')
  mkdirSync(items)
  for (const number of numbers) writeFileSync(join(items, String(number)), JSON.stringify(itemOf(number)))
  writeFileSync(join(items, 'long'), JSON.stringify(longText))
  return nginxArgs(
    ground,
    `open_file_cache max=1000;
  server {
    listen 127.0.0.1:${ground.port} backlog=1024;
    location /items/ { root ${ground.dir}; }
    location = /items/uploads { return 200 '${JSON.stringify(taken)}'; }
    location = /status { stub_status; }
  }`,
  )
})
process.on('message', async () => {
  const status = await (await fetch(`http://127.0.0.1:${port}/status`)).text()
  process.send?.({ count: Number(/^ *\d+ \d+ (\d+)/m.exec(status)?.[1]) })
})
process.send?.({ port })
