import { runEffects, writeJson, type Json, type Problem, type RunEffect, type RunState } from '~/shared/api'
import { t } from '~/shared/i18n'
import type { Plan } from './loops.logic'
import type { Step } from './runs.data'
import { sortSteps } from './runs.logic'

export type RerunFrom = 'beginning' | 'failure' | 'step'
export interface RerunChoice {
  from: RerunFrom
  /** Null until one is chosen; counts with `from: step` only. */
  step: string | null
  version: 'same' | 'newest'
}

/** Where a run that ended so can be begun again. */
export function startsOf(state: RunState): RerunFrom[] {
  return state === 'failed' || state === 'canceled' ? ['beginning', 'failure', 'step'] : ['beginning', 'step']
}

/** The choice as the server takes it; null while no step is chosen. */
export function howOf({ from, step, version }: RerunChoice): Record<string, string> | null {
  if (from === 'step' && step === null) return null
  return { from, version, ...(from === 'step' && step !== null ? { step_id: step } : {}) }
}

/** `input`: JSON as text; null leaves it as it was. */
export function rerunBody(how: Readonly<Record<string, string>>, input: string | null, repeats: boolean): string {
  const members = writeJson({ ...how, ...(repeats ? { repeat_effects: true } : {}) })
  return input === null ? members : `${members.slice(0, -1)},"input":${input}}`
}

/** Steps a repetition can begin with: loops are repeated whole, and what runs finally is run in any case. */
export function stepsToBegin(steps: readonly Step[], plan: Plan, newest: Plan | null): string[] {
  if (newest !== null) return [...newest.values()].filter((s) => s.loop === null && !s.isFinally).map((s) => s.id)
  return sortSteps(steps).filter((s) => plan.get(s.step_id)?.isFinally !== true).map((s) => s.step_id)
}

/** The calls that a refusal names; empty when it is about something else. */
export function effectsIn(problem: Problem | null): RunEffect[] {
  if (problem?.kind !== 'http' || problem.field !== 'repeat_effects' || problem.more.effects === undefined) return []
  return runEffects(problem.more.effects, 'problem.effects')
}

/** "pay: 2 calls of shop/pay@1.0.0". */
export function effectText({ step_id, uses, calls }: RunEffect): string {
  return calls === 1 ? t('rerun.effect.one', { step: step_id, uses }) : t('rerun.effect', { step: step_id, uses, n: calls })
}

/** What a page of repetitions came to, by reason, the most frequent first. */
export function reasonsOf(left: readonly { run_id: string; reason: string }[]): { reason: string; runs: string[] }[] {
  const byReason = new Map<string, string[]>()
  for (const { run_id, reason } of left) byReason.set(reason, [...(byReason.get(reason) ?? []), run_id])
  return [...byReason].map(([reason, runs]) => ({ reason, runs })).sort((a, b) => b.runs.length - a.runs.length)
}

export interface BulkChoice {
  workflow: string
  state: RunState
  from: 'failure' | 'beginning'
  version: 'same' | 'newest'
  repeats: boolean
  again: boolean
  limit: number
}

export function bulkBody({ workflow, state, from, version, repeats, again, limit }: BulkChoice, after: string | null): Record<string, Json> {
  return {
    workflow_id: workflow, state, from, version, limit,
    ...(repeats ? { repeat_effects: true } : {}), ...(again ? { again: true } : {}), ...(after === null ? {} : { after }),
  }
}
