import { word, type Fields } from '~/shared/api'
import type { DeadLettersQuery, DeadLettersQueryVariables } from '~/shared/graphql/generated'
import { routeId, type RunId, type WorkflowId } from '~/shared/ids'
import type { Refine } from '~/shared/rows'

export const error_classes = ['unavailable', 'timeout', 'rate_limited', 'auth', 'rejected', 'workflow', 'limit', 'platform', 'crash', 'circuit_open'] as const
export type ErrorClass = (typeof error_classes)[number]
export const ages = ['hour', 'day', 'week'] as const
export type Age = (typeof ages)[number]
const age_ms: Record<Age, number> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 }

type Row = DeadLettersQuery['dead_letters'][number]
export type Letter = Refine<Row, { error_class: ErrorClass; workflow_id: WorkflowId }> & { id: RunId }

export interface LetterFilters {
  workflow: WorkflowId | null
  class: ErrorClass | null
  age: Age | null
}

export function toLetter(row: Row): Letter {
  return { ...row, id: row.run_id, error_class: word(error_classes)(row.error_class, 'dead_letter.error_class') }
}

/** The URL is the truth about filters; what it says wrongly counts as no filter. */
export function lettersFromQuery(query: Readonly<Record<string, unknown>>): LetterFilters {
  return {
    workflow: routeId<WorkflowId>(query.workflow),
    class: error_classes.find((one) => one === query.class) ?? null,
    age: ages.find((one) => one === query.age) ?? null,
  }
}

export function queryFromLetters(filters: LetterFilters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter((each): each is [string, string] => each[1] !== null))
}

export function letterConditions(filters: LetterFilters, now: number): Pick<DeadLettersQueryVariables, 'workflow' | 'class' | 'since'> {
  return {
    workflow: filters.workflow === null ? {} : { _eq: filters.workflow },
    class: filters.class === null ? {} : { _eq: filters.class },
    since: filters.age === null ? {} : { _gte: new Date(now - age_ms[filters.age]).toISOString() },
  }
}

export interface RedriveChoice {
  from: 'failure' | 'beginning'
  version: 'same' | 'newest'
  repeats: boolean
}

/** One request takes so many. */
export const letters_max = 100

export function redriveBody(runs: readonly RunId[], choice: RedriveChoice): Fields {
  return { dead_letters: true, run_ids: [...runs], from: choice.from, version: choice.version, repeat_effects: choice.repeats }
}

export function dropBody(runs: readonly RunId[], note: string): Fields {
  return { run_ids: [...runs], ...(note.trim() === '' ? {} : { note: note.trim() }) }
}

/** What is chosen of what is shown: rows that have left the list are not. */
export function stillThere(chosen: ReadonlySet<RunId>, shown: readonly { id: RunId }[]): RunId[] {
  return shown.filter((one) => chosen.has(one.id)).map((one) => one.id).slice(0, letters_max)
}
