import type { Problem } from './api'

export interface FormProblem {
  /** What stands under the field of this name. */
  at: (field: string) => string[]
  /** What no field of the form is at fault of; it is shown for the form as a whole. */
  rest: Problem | null
}

/** The refusal of a form, at the field it is about: the server names `config.signature.signature_header`, the form `signature_header`. */
export function formProblem(problem: Problem | null, fields: readonly string[]): FormProblem {
  const named = problem?.field ?? null
  const at = named === null ? undefined : fields.find((field) => named === field || named.endsWith(`.${field}`))
  if (problem === null || at === undefined) return { at: () => [], rest: problem }
  return { at: (field) => (field === at ? [problem.detail] : []), rest: null }
}
