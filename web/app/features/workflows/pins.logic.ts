import { isRecord, writeJson, type Json } from '~/shared/api'
import { routeId, type RunId } from '~/shared/ids'

/** The output that a test gives a step instead of running it: that of an earlier run, or JSON as text. */
export type Pin = { run: RunId } | { text: string }
export type Pins = Readonly<Record<string, Pin>>

/** The longest typed output, in characters; a longer one is better taken from a run. */
export const typed_max = 200_000

/** What the browser has kept; what it says wrongly counts as no pin. */
export function pinsFrom(kept: Json): Record<string, Pin> {
  const pins: Record<string, Pin> = {}
  for (const [step, pin] of Object.entries(isRecord(kept) ? kept : {})) {
    if (!isRecord(pin)) continue
    const run = routeId<RunId>(pin.run)
    if (run !== null) pins[step] = { run }
    else if (typeof pin.text === 'string') pins[step] = { text: pin.text }
  }
  return pins
}

interface Top {
  id: string
  needs: string[]
  /** The steps in it, at any depth. */
  inside: string[]
}

function topsOf(definition: Json): Top[] {
  return listOf(isRecord(definition) ? definition.steps : null).map((step) => ({ id: textOf(step.id), needs: needsOf(step.needs), inside: insideOf(step, 0) }))
}

function listOf(steps: Json | undefined): { [name: string]: Json }[] {
  return Array.isArray(steps) ? steps.flatMap((step) => (isRecord(step) ? [step] : [])) : []
}
const textOf = (value: unknown) => (typeof value === 'string' ? value : '')
function needsOf(needs: Json | undefined): string[] {
  const all = Array.isArray(needs) ? needs : needs === undefined ? [] : [needs]
  return all.map((need) => (isRecord(need) ? textOf(need.step) : textOf(need))).filter((id) => id !== '')
}
const depth_max = 4
function insideOf(step: { [name: string]: Json }, depth: number): string[] {
  if (depth >= depth_max) return []
  return listOf(step.steps).flatMap((inner) => [textOf(inner.id), ...insideOf(inner, depth + 1)])
}

/** The steps whose outputs can be given: a loop is given whole. */
export function pinnable(definition: Json): string[] {
  return topsOf(definition).map((step) => step.id).filter((id) => id !== '')
}

/** What must have run before a step can, in the definition's order; of a step in a loop what the loop needs. */
export function stepsBefore(definition: Json, id: string): string[] {
  const tops = topsOf(definition)
  const needed = new Set<string>()
  const open = tops.filter((top) => top.id === id || top.inside.includes(id)).flatMap((top) => top.needs)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (needed.has(next)) continue
    needed.add(next)
    open.push(...(tops.find((top) => top.id === next)?.needs ?? []))
  }
  return tops.map((top) => top.id).filter((one) => needed.has(one))
}

/** What is tested: all of the draft, or a step with what it needs; `alone`: with what it needs given, as far as it is known. */
export interface TestOf {
  until: string | null
  alone: boolean
}

/** The pins that count in a test: those of steps it has, and would run. */
export function pinsIn(pins: Pins, definition: Json, { until }: TestOf): Record<string, Pin> {
  const steps = until === null ? pinnable(definition) : stepsBefore(definition, until)
  return Object.fromEntries(Object.entries(pins).filter(([step]) => steps.includes(step)))
}

interface Done {
  id: RunId
  steps: readonly { step_id: string }[]
}
/** Of runs, newest first: the one that has done most of the steps. One run, for outputs of two may not go together. */
export function runWithMost<R extends Done>(runs: readonly R[], steps: readonly string[]): R | null {
  const count = (run: R) => run.steps.filter((s) => steps.includes(s.step_id)).length
  return runs.reduce<R | null>((most, run) => (count(run) > (most === null ? 0 : count(most)) ? run : most), null)
}

export interface TestRequest {
  input: string
  until: string | null
  /** Outputs by step, as JSON texts. */
  outputs: Readonly<Record<string, string>>
}

/** The request as JSON, with the digits of input and outputs. */
export function testBody(definition: string, { input, until, outputs }: TestRequest): string {
  const pins = Object.entries(outputs).map(([step, text]) => `${JSON.stringify(step)}:${text}`)
  return `${writeJson({ definition, ...(until === null ? {} : { until }) }).slice(0, -1)},"input":${input}${pins.length > 0 ? `,"pins":{${pins.join(',')}}` : ''}}`
}
