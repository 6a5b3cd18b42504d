import type { FailureKind, StepError } from '~/shared/api'
import type { MessageKey } from '~/shared/i18n'
import type { RunDetail } from './runs.data'

export interface FailureFact {
  label: MessageKey
  value: string
}
/** What the card of a failed run says. */
export interface FailureView {
  title: MessageKey
  advice: MessageKey
  /** The engine's own sentence; null when it left none. */
  message: string | null
  /** The step at fault; null when the run itself is. */
  step: string | null
  facts: FailureFact[]
}

type Failed = Pick<RunDetail, 'error' | 'failure_kind'> & { steps: readonly Pick<RunDetail['steps'][number], 'step_id' | 'state' | 'failure_kind' | 'error'>[] }

/**
 * The run's own error leads. What it leaves out is taken from the step it names, or from the first failed one when it names none: never
 * from another step, whose line and field would be of another text.
 */
export function failureView(run: Failed): FailureView {
  const failed = run.steps.filter((step) => step.state === 'failed')
  const named = run.error?.step_id ?? null
  const step = named === null ? failed[0] : failed.find((s) => s.step_id === named)
  const kind: FailureKind = run.failure_kind ?? step?.failure_kind ?? 'platform'
  const told = [run.error, step?.error ?? null].filter((error): error is StepError => error !== null)
  return {
    title: `failure.${kind}`,
    advice: `failure.${kind}.text`,
    message: told.find((error) => error.message !== '')?.message ?? null,
    step: named ?? step?.step_id ?? null,
    facts: factsOf(told),
  }
}

/** Where and what, of the first error that knows it. */
export function factsOf(told: readonly StepError[]): FailureFact[] {
  const field = told.find((error) => error.field !== null)?.field
  const status = told.find((error) => error.status !== null)?.status
  // A column belongs to the line of the same error.
  const place = told.find((error) => error.line !== null)
  const facts: FailureFact[] = []
  if (field != null) facts.push({ label: 'run.field', value: field })
  if (status != null) facts.push({ label: 'run.status', value: String(status) })
  if (place?.line != null) facts.push({ label: 'run.line', value: place.column === null ? String(place.line) : `${place.line}:${place.column}` })
  return facts
}
