import { eachRun } from './bff/charge.ts'
import { compileBff } from './bff/compile.ts'
import { bffConfig } from './bff/config.ts'
import { describeEndpoints } from './bff/endpoint/openapi.ts'
import { mountBff } from './bff/mount.ts'
import { addKey, listKeys, revokeKey, rotateKey } from './policies/auth/api-key/manage.ts'
import { passwordLine } from './policies/auth/basic/password.ts'
import { compileRule } from './policies/auth/compile.ts'
import { providerName } from './policies/auth/config.ts'
import { compileProvider, credentialHeadersOf, providerConfig, schemeOf } from './policies/auth/kinds.ts'
import { narrow } from './policies/auth/narrow.ts'
import { auth, handshake } from './policies/auth/policy.ts'
import { unmet } from './policies/auth/unmet.ts'
import { compression } from './policies/compression/policy.ts'
import { contentTypes } from './policies/content-types/policy.ts'
import { cors } from './policies/cors/policy.ts'
import { ipListsConfig } from './policies/ip-rules/config.ts'
import { readIpList } from './policies/ip-rules/list.ts'
import { ipRules } from './policies/ip-rules/policy.ts'
import { maintenance } from './policies/maintenance/policy.ts'
import { concurrency } from './policies/rate-limit/concurrent.ts'
import { plansConfig } from './policies/rate-limit/config.ts'
import { limitInWords } from './policies/rate-limit/limit.ts'
import { messageCharger } from './policies/rate-limit/messages.ts'
import { operationCharger } from './policies/rate-limit/operations.ts'
import { compilePlace } from './policies/rate-limit/place.ts'
import { rateLimit } from './policies/rate-limit/policy.ts'
import { wholePlace } from './policies/rate-limit/whole-place.ts'
import { compileSecurityHeaders } from './policies/security-headers/compile.ts'
import { securityHeaders } from './policies/security-headers/policy.ts'
import { compileAnswer, refuseVersion } from './routes/answer/compile.ts'
import { redirectRouteConfig, respondRouteConfig } from './routes/answer/config.ts'
import { mountAnswers } from './routes/answer/mount.ts'
import { BodyWanted } from './routes/match/asked.ts'
import { readJsonBody } from './routes/match/body.ts'
import { routeMatchConfig } from './routes/match/config.ts'
import { misfit } from './routes/match/explain.ts'
import { areDisjoint, compileMatch, conditionText, saidPlaces } from './routes/match/match.ts'
import { createPaths, createRouter } from './routes/match/router.ts'
import { expandVersions } from './routes/match/versions.ts'
import { versionsConfig } from './routes/match/versions-config.ts'
import { compileProxy } from './routes/proxy/compile.ts'
import { proxyRouteConfig, sharedProxyConfig } from './routes/proxy/config.ts'
import { compileGrpc } from './routes/proxy/grpc/compile.ts'
import { mountGrpc } from './routes/proxy/grpc/mount.ts'
import { unknownCall } from './routes/proxy/grpc/unknown-call.ts'
import { mountProxy } from './routes/proxy/mount.ts'
import { splitConfig } from './routes/proxy/split-config.ts'
import { createStaleAnswers } from './routes/proxy/stale.ts'
import { compileTranscode } from './routes/transcode/compile.ts'
import { transcodeRouteConfig } from './routes/transcode/config.ts'
import { mountTranscode } from './routes/transcode/mount.ts'
import { describeTranscode } from './routes/transcode/openapi.ts'
import { compileService, serviceFiles } from './services/compile.ts'
import { grpcServiceConfig, restServiceConfig } from './services/config.ts'
import { methodKind } from './services/grpc/method-kind.ts'
import { compareDefinitions } from './services/grpc/protos/compare.ts'
import { loadDescriptorSet } from './services/grpc/protos/descriptor-set.ts'
import { reflectDescriptors } from './services/grpc/protos/reflection.ts'
import { bundledFile } from './services/grpc/protos/sources.ts'
import { compileSplit } from './services/split/compile.ts'
import { readTls } from './services/tls.ts'

/** What Portico is made of. Every kind stands here by name; nothing registers itself. */

/**
 * Policies in the order in which requests meet them: CORS answers preflights, which carry no token, before auth asks
 * for one, and addresses are judged before anything is spent on them.
 */
export const policies = {
  securityHeaders,
  cors,
  ipRules,
  maintenance,
  auth,
  concurrency,
  rateLimit,
  contentTypes,
  compression,
}

/** What limits are beside a policy of their own: plans, and what of the gateway, a place and its callers' plans holds there. */
export const limits = {
  plans: plansConfig,
  compile: compilePlace,
  inWords: limitInWords,
  charger: operationCharger,
  messages: messageCharger,
  whole: wholePlace,
}

/** What shields are beside policies: the headers of a place, and lists of addresses. */
export const shields = { headers: compileSecurityHeaders, ipLists: ipListsConfig, readIpList }

export const services = {
  rest: restServiceConfig,
  grpc: grpcServiceConfig,
  compile: compileService,
  files: serviceFiles,
  methodKind,
  compare: compareDefinitions,
  reflect: reflectDescriptors,
  readDescriptors: loadDescriptorSet,
  readTls,
  isBundled: (proto: string): boolean => bundledFile(proto) !== undefined,
}

export const providers = {
  name: providerName,
  config: providerConfig,
  compile: compileProvider,
  rule: compileRule,
  narrow,
  scheme: schemeOf,
  credentialHeadersOf,
  unmet,
  handshake,
  addKey,
  listKeys,
  revokeKey,
  rotateKey,
  passwordLine,
}

export const bffs = { config: bffConfig, compile: compileBff, eachRun, mount: mountBff, describe: describeEndpoints }

export const routes = {
  match: {
    config: routeMatchConfig,
    compile: compileMatch,
    conditionText,
    saidPlaces,
    misfit,
    areDisjoint,
    versions: versionsConfig,
    expandVersions,
    createPaths,
    BodyWanted,
    readJsonBody,
    createRouter,
  },
  proxy: {
    config: proxyRouteConfig,
    shared: sharedProxyConfig,
    split: splitConfig,
    compile: compileProxy,
    compileSplit,
    createStaleAnswers,
    mount: mountProxy,
  },
  grpc: { compile: compileGrpc, mount: mountGrpc, unknownCall },
  answer: {
    redirect: redirectRouteConfig,
    respond: respondRouteConfig,
    compile: compileAnswer,
    refuseVersion,
    mount: mountAnswers,
  },
  transcode: {
    config: transcodeRouteConfig,
    compile: compileTranscode,
    mount: mountTranscode,
    describe: describeTranscode,
  },
}
