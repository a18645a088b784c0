import { join, resolve } from 'node:path'
import { bffs, providers, routes, services } from '../catalog.ts'
import type { Places } from '../config/places.ts'
import { planned } from '../config/planned.ts'
import { readConfig } from '../config/read.ts'
import { type Diagnostic, hasErrors, startOf } from '../kernel/diagnostic.ts'
import { readText } from '../kernel/snapshot.ts'
import type { Service } from '../services/service.ts'
import { openAdmin } from './admin.ts'
import { compileAudit } from './audit.ts'
import { compileAuth, placeOfAuth, withDefaultAuth } from './auth.ts'
import { checkBff } from './check/bff.ts'
import { checkCallers } from './check/callers.ts'
import { type WorkspaceConfig, workspaceConfig } from './config.ts'
import { compileIpRules } from './ip-rules.ts'
import { compileMask } from './mask.ts'
import { missingPlans } from './missing-plans.ts'
import { operationPolicies } from './operation-auth.ts'
import { overlaps } from './overlaps.ts'
import type { Plan } from './plan.ts'
import { makesAnswers, policiesOf } from './policies.ts'
import { compareMatches } from './precedence.ts'
import { compileRoute } from './route.ts'
import { compileTls, tlsFiles } from './tls.ts'
import { unheardProxies } from './trusted-headers.ts'

export type Compiled = {
  /** Undefined when any diagnostic is an error. */
  readonly plan: Plan | undefined
  /** The services that are sound, whatever else is wrong. */
  readonly services: ReadonlyMap<string, Service>
  readonly diagnostics: readonly Diagnostic[]
  /** The settings as they are read, and where they stand; undefined where they cannot be. */
  readonly settings: WorkspaceSettings | undefined
  /** Files the workspace is made of, relative to it, sound or not: what a change of means another generation. */
  readonly files: readonly string[]
}

export type WorkspaceSettings = { readonly config: WorkspaceConfig; readonly places: Places }

/** The name of the file every workspace has. */
export const workspaceFile = 'portico.yaml'

/** Reads and checks a workspace, all mistakes at once. Throws nothing that its files can cause. */
export const compileWorkspace = async (
  workspace: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Compiled> => {
  const dir = resolve(workspace)
  let text: string
  try {
    text = readText(join(dir, workspaceFile))
  } catch {
    const message = `There is no readable ${workspaceFile} in ${dir}. \`portico init\` lays a workspace.`
    return {
      plan: undefined,
      services: new Map(),
      settings: undefined,
      files: [workspaceFile],
      diagnostics: [
        { severity: 'error', code: 'PORTICO-001', place: startOf(workspaceFile), coordinate: 'workspace', message },
      ],
    }
  }
  const {
    value: config,
    diagnostics: mistakes,
    places,
    files: secrets,
  } = readConfig({ file: workspaceFile, text, shape: workspaceConfig, env, workspaceDir: dir, planned })
  if (config === undefined)
    return {
      plan: undefined,
      services: new Map(),
      settings: undefined,
      diagnostics: mistakes.map(identified),
      files: [workspaceFile, ...secrets],
    }
  return compileConfig(withDefaultAuth(config), { dir, places, mistakes, secrets })
}

type Surroundings = {
  readonly dir: string
  readonly places: Places
  readonly mistakes: readonly Diagnostic[]
  readonly secrets: readonly string[]
}

const compileConfig = async (
  config: WorkspaceConfig,
  { dir, places, mistakes, secrets }: Surroundings,
): Promise<Compiled> => {
  const diagnostics: Diagnostic[] = [...mistakes]
  const files: string[] = [workspaceFile, 'protos', ...secrets]
  const placeOf = (path: readonly (string | number)[]) => places.at(path, 'value')

  const { tls, diagnostics: tlsDiagnostics } = compileTls(config.tls, { workspaceDir: dir, placeOf })
  diagnostics.push(...tlsDiagnostics)
  files.push(...tlsFiles(config.tls))

  const { rulesOf: ipRulesOf, diagnostics: ipDiagnostics } = compileIpRules(config, { dir, places })
  diagnostics.push(...ipDiagnostics)
  files.push(...Object.values(config.ipLists))
  const audit = compileAudit(config.audit, { workspaceDir: dir, place: () => placeOf(['audit', 'file']) })
  diagnostics.push(...audit.diagnostics)

  const known = new Map<string, Service>()
  let allServices = true
  const credentialHeaders = providers.credentialHeadersOf(Object.values(config.auth))
  // Together, for some may have to be asked over the network.
  const compiling = Object.entries(config.services).map(async ([name, service]) => ({
    name,
    service,
    compiled: await services.compile(name, service, {
      workspaceDir: dir,
      placeOf,
      zone: config.zone,
      credentialHeaders,
    }),
  }))
  for (const { name, service, compiled } of await Promise.all(compiling)) {
    if ('service' in compiled) known.set(name, compiled.service)
    else {
      allServices = false
      diagnostics.push(...compiled.diagnostics)
    }
    files.push(...services.files(service))
  }

  const verifying = new Map<string, NonNullable<Awaited<ReturnType<typeof providers.compile>>['provider']>>()
  const shared = config.redis !== undefined
  for (const [name, settings] of Object.entries(config.auth)) {
    const compiled = await providers.compile(name, settings, {
      workspaceDir: dir,
      placeOf,
      shared,
      clientCertificates: config.tls?.clients !== undefined,
      trustedProxies: config.trustedProxies,
    })
    diagnostics.push(...compiled.diagnostics)
    if (compiled.provider !== undefined) verifying.set(name, compiled.provider)
    files.push(...compiled.files)
  }

  const servedBffs: Plan['bffs'][number][] = []
  for (const [name, settings] of Object.entries(config.bffs)) {
    const { auth, diagnostics: doubts } = compileAuth(settings.auth, {
      config,
      said: { segments: new Map(), suffixes: [] },
      ...placeOfAuth(settings.auth, { config, places, path: ['bffs', name] }),
    })
    diagnostics.push(...doubts)
    const compiled = bffs.compile(name, settings, {
      workspaceDir: dir,
      services: allServices ? known : undefined,
      limits: config.limits,
      placeOf,
    })
    diagnostics.push(...compiled.diagnostics)
    files.push(...compiled.files)
    if (compiled.bff !== undefined) diagnostics.push(...checkBff({ bff: compiled.bff, settings, placeOf }))
    if (compiled.bff !== undefined) {
      const policiesWith = (rule: typeof auth) =>
        policiesOf({ ...settings, auth: rule }, config, { operations: true, makes: true, ipRulesOf })
      const operations = operationPolicies(compiled.bff, { config, auth, policiesWith })
      diagnostics.push(...operations.diagnostics)
      servedBffs.push({ served: compiled.bff, policies: policiesWith(auth), own: operations.own })
    }
  }

  const servedRoutes: Plan['routes'][number][] = []
  for (const [index, settings] of config.routes.entries()) {
    const { auth, diagnostics: doubts } = compileAuth(settings.auth, {
      config,
      said: routes.match.saidPlaces(settings),
      ...placeOfAuth(settings.auth, { config, places, path: ['routes', index] }),
    })
    const { compiled, diagnostics: found } = compileRoute(settings, { index, config, services: known, places })
    diagnostics.push(...doubts, ...found)
    for (const { route: served, match } of compiled)
      servedRoutes.push({
        served,
        match,
        policies: policiesOf({ ...settings, auth }, config, {
          operations: false,
          makes: makesAnswers(served),
          ipRulesOf,
        }),
      })
  }
  const { masks, diagnostics: maskDiagnostics } = compileMask(config, {
    places,
    bffs: servedBffs.map(({ served }) => served),
    routes: servedRoutes.map(({ served }) => served),
  })
  diagnostics.push(...maskDiagnostics)
  diagnostics.push(...overlaps(config, places), ...openAdmin(config, places), ...missingPlans(config, places))
  diagnostics.push(...unheardProxies(config, places))
  const bffPlans = servedBffs.map(({ served }) => served)
  diagnostics.push(...checkCallers({ config, places, providers: verifying, bffs: bffPlans }))

  const plan: Plan = {
    dir,
    listen: config.listen,
    tls,
    probes: config.probes,
    admin: config.admin,
    trustedProxies: config.trustedProxies,
    trustedHeaders: config.trustedHeaders,
    budgetMs: config.budget,
    drainMs: config.drain,
    redis: config.redis,
    replicas: config.replicas,
    accessLog: config.accessLog,
    audit: audit.file,
    masks,
    limits: config.limits,
    services: known,
    providers: verifying,
    bffs: servedBffs,
    routes: servedRoutes.sort((a, b) => compareMatches(a.match, b.match)),
  }
  return {
    plan: hasErrors(diagnostics) ? undefined : plan,
    services: known,
    settings: { config, places },
    diagnostics: unique(diagnostics),
    files: [...new Set(files)],
  }
}

/** That a service does not say whom it asks for is a mistake of its own kind. */
const identified = (mistake: Diagnostic): Diagnostic =>
  mistake.code === 'PORTICO-004' && /^services\.[^.]+\.identity$/.test(mistake.coordinate)
    ? { ...mistake, code: 'PORTICO-702' }
    : mistake

/** Shared SDL is read by several BFFs; its mistakes are told once. */
const unique = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] => {
  const seen = new Set<string>()
  return diagnostics.filter(({ place, coordinate, message }) => {
    const key = `${place.file}:${place.line}:${place.column} ${coordinate} ${message}`
    return seen.has(key) ? false : seen.add(key) !== undefined
  })
}
