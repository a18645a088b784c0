import { parseArgs } from 'node:util'
import { type Demo, type DemoStart, startDemo } from './demo.ts'
import { freePort } from './gateway-process.ts'
import { guide } from './guide.ts'
import { runTour } from './tour.ts'

const help = `Starts the shop, five services in processes of their own, and the gateway before them.

  npm run demo                    prints a token and requests to paste; Ctrl-C stops all of it
  npm run demo -- --port 8090     the gateway on another port; 8080 by default, a free one where that is taken
  npm run demo -- --tour          makes the requests itself, shows request, plan and answer, and checks every answer

PORTICO_LISTEN=host:port does what --port does. Exits 0 when all is well, 1 when something died or an answer
of the tour was wrong, 2 when the arguments were.
`

type Options = { readonly tour: boolean; readonly host: string; readonly port: number }

/** The options, or a sentence on what is wrong with them. */
const readOptions = async (args: readonly string[]): Promise<Options | 'help' | { readonly mistake: string }> => {
  let values: { help?: boolean; tour?: boolean; port?: string }
  try {
    values = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, tour: { type: 'boolean' }, port: { type: 'string' } },
    }).values
  } catch (error) {
    return { mistake: (error as Error).message }
  }
  if (values.help === true) return 'help'
  const listen = /^(.+):(\d+)$/.exec(process.env['PORTICO_LISTEN'] ?? '')
  const host = listen?.[1] ?? '127.0.0.1'
  const given = values.port ?? listen?.[2]
  if (given !== undefined && !(/^\d{1,5}$/.test(given) && Number(given) <= 65_535))
    return { mistake: `--port is a number from 0 to 65535, not ${given}.` }
  const wanted = given === undefined ? 8_080 : Number(given)
  // A port that was asked for by name is had or refused; the default makes way.
  const port = given === undefined || wanted === 0 ? await freePort(values.tour === true ? 0 : wanted) : wanted
  return { tour: values.tour === true, host, port }
}

const say = (text: string): void => void process.stdout.write(text)

const toTour = (options: Options): DemoStart => ({
  ...options,
  reviewIntervalMs: 500,
  progress: (doing) => say(`… ${doing}\n`),
  onLine: () => {},
})

const toStay = (options: Options): DemoStart => {
  let told = false
  return {
    ...options,
    reviewIntervalMs: 2_000,
    progress: (doing) => say(`… ${doing}\n`),
    // What it says while it starts is in the guide already.
    onLine: (line) => (told ? say(`gateway  ${line}\n`) : void (told = / serves? |listens? on/.test(line))),
  }
}

/** A child that ends on the Ctrl-C of the whole terminal is no accident: this process hears of it a moment later. */
const signalDelayMs = 200

const run = async (options: Options): Promise<number> => {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<'stopped'>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop('stopped'))
  let demo: Demo
  try {
    demo = await startDemo(options.tour ? toTour(options) : toStay(options))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    return 1
  }
  const died = demo.died.then(async (why) => {
    const ended = await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, signalDelayMs))])
    if (ended === 'stopped') return 0
    process.stderr.write(`${why}\n`)
    return 1
  })
  if (!options.tour) say(guide(demo))
  const visit = options.tour ? runTour(demo, say) : new Promise<number>(() => {})
  const status = await Promise.race([stopped.then(() => 0), died, visit]).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    return 1
  })
  say('stopping …\n')
  await demo.close()
  return status
}

const options = await readOptions(process.argv.slice(2))
if (options === 'help') say(help)
else if ('mistake' in options) {
  process.stderr.write(`${options.mistake}\n\n${help}`)
  process.exitCode = 2
} else process.exitCode = await run(options)
