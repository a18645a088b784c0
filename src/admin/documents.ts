import { type DocumentedApi, documentedApis, openApiDocument } from '../compile/openapi.ts'
import type { Plan } from '../compile/plan.ts'

/** The API documents of one plan, each made when it is first asked for. */
export type Documents = {
  readonly apis: readonly DocumentedApi[]
  /** The document of one API by its name, of all without one, as JSON; undefined where there is no such API. */
  readonly text: (name?: string) => string | undefined
}

/** `origin` is where clients reach the gateway. */
export const documentsOf = (plan: Plan, origin: string): Documents => {
  const apis = documentedApis(plan)
  const made = new Map<string | undefined, string>()
  return {
    apis,
    text(name) {
      const known = made.get(name)
      if (known !== undefined) return known
      const wanted = name === undefined ? apis : apis.filter((api) => api.name === name)
      if (name !== undefined && wanted.length === 0) return undefined
      const text = JSON.stringify(openApiDocument(wanted, plan, origin))
      made.set(name, text)
      return text
    },
  }
}
