import { isRecord, type Json } from '~/shared/api'

export interface Loop {
  kind: 'foreach' | 'while'
  /** How many items at once; of `while`, how many rounds at most. Null when it is not a number. */
  limit: number | null
}
export interface GraphNode {
  id: string
  uses: string
  column: number
  row: number
  needs: string[]
  /** Of a need that is not met by any success: the branch, or failure, or finished. */
  labels: Readonly<Record<string, string>>
  /** The first need that is met is enough. */
  joinsFirst: boolean
  loop: Loop | null
  /** The steps of a loop. */
  body: GraphNode[]
}

// The server's limit; what stands deeper is left to validation.
const depth_max = 3
const foreach_limit = 1
const while_limit = 1_000

/** The steps of a definition as columns: each step right of everything it needs. Cycles and unknown needs are left to validation. */
export function stepGraph(definition: Json): GraphNode[] {
  return isRecord(definition) ? graphOf(definition.steps, 0) : []
}

/** The steps that run when the others are through. */
export function finallyGraph(definition: Json): GraphNode[] {
  return isRecord(definition) ? graphOf(definition.finally, 0) : []
}

function graphOf(steps: unknown, depth: number): GraphNode[] {
  const list: readonly unknown[] = Array.isArray(steps) ? steps : []
  return inColumns(list.filter(isRecord).map((s) => {
    const loop = loopOf(s)
    return {
      id: textOf(s.id), uses: textOf(s.uses), needs: needsOf(s.needs), labels: labelsOf(s.needs), joinsFirst: s.join === 'first',
      loop, body: loop !== null && depth < depth_max ? graphOf(s.steps, depth + 1) : [],
    }
  }))
}

function inColumns(steps: readonly Omit<GraphNode, 'column' | 'row'>[]): GraphNode[] {
  const byId = new Map(steps.map((s) => [s.id, s]))
  const columns = new Map<string, number>()
  function column(id: string, seen: ReadonlySet<string>): number {
    const known = columns.get(id)
    if (known !== undefined) return known
    const step = byId.get(id)
    if (!step || seen.has(id)) return -1
    const path = new Set([...seen, id])
    const at = 1 + Math.max(-1, ...step.needs.map((n) => column(n, path)))
    columns.set(id, at)
    return at
  }
  for (const step of steps) column(step.id, new Set())
  // A step that others need moves right, next to the first of them: its edge then crosses no other step.
  for (const step of [...steps].sort((a, b) => (columns.get(b.id) ?? 0) - (columns.get(a.id) ?? 0))) {
    const dependents = steps.filter((s) => s.needs.includes(step.id)).map((s) => columns.get(s.id) ?? 0)
    if (dependents.length > 0) columns.set(step.id, Math.max(columns.get(step.id) ?? 0, Math.min(...dependents) - 1))
  }
  const rows = new Map<number, number>()
  return steps.map((step) => {
    const at = columns.get(step.id) ?? 0
    const row = rows.get(at) ?? 0
    rows.set(at, row + 1)
    return { ...step, needs: step.needs.filter((n) => byId.has(n)), column: at, row }
  })
}

function loopOf(step: Record<string, unknown>): Loop | null {
  const numberIn = (name: string, usual: number) => {
    const given = isRecord(step.with) ? step.with[name] : undefined
    return given === undefined ? usual : typeof given === 'number' ? given : null
  }
  if (step.uses === 'core/foreach') return { kind: 'foreach', limit: numberIn('concurrency', foreach_limit) }
  return step.uses === 'core/while' ? { kind: 'while', limit: numberIn('max', while_limit) } : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}

/** Each once: a step may need several branches of another. */
function needsOf(value: unknown): string[] {
  return [...new Set(listOf(value).map((n) => (isRecord(n) ? textOf(n.step) : textOf(n))))].filter((n) => n !== '')
}

function labelsOf(value: unknown): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const need of listOf(value).filter(isRecord)) {
    const [step, on] = [textOf(need.step), textOf(need.on)]
    if (on !== '' && on !== 'success') labels[step] = labels[step] === undefined ? on : `${labels[step]}, ${on}`
  }
  return labels
}

export interface Edge {
  key: string
  path: string
  label: string | undefined
  /** Where the label stands. */
  x: number
  y: number
}
export interface Placed {
  node: GraphNode
  x: number
  y: number
  w: number
  h: number
  /** The steps of a loop, below its name. */
  body: Picture | null
}
/** Steps in their places, in pixels from the group's corner. */
export interface Picture {
  steps: Placed[]
  edges: Edge[]
  w: number
  h: number
}

/** Height of a step, and of the head of a group; edges end in its middle. */
export const head_px = 46
const step_px = 168
const gap = { x: 44, y: 14 }
const pad_px = 16

/** Lays out a group: a column is as wide as its widest step, a loop as large as what is in it. */
export function pictureOf(nodes: readonly GraphNode[]): Picture {
  const sized = nodes.map((node) => {
    const body = node.body.length > 0 ? pictureOf(node.body) : null
    return { node, body, w: Math.max(step_px, body?.w ?? 0), h: head_px + (body?.h ?? 0) }
  })
  const widths: number[] = []
  for (const { node, w } of sized) widths[node.column] = Math.max(widths[node.column] ?? 0, w)
  const left = (column: number) => pad_px + widths.slice(0, column).reduce((sum, w) => sum + w + gap.x, 0)
  const right = (column: number) => left(column) + (widths[column] ?? 0)
  const ends = new Map<number, number>()
  const steps = sized.map((step) => {
    const y = ends.get(step.node.column) ?? pad_px
    ends.set(step.node.column, y + step.h + gap.y)
    return { ...step, x: left(step.node.column), y }
  })
  return {
    steps,
    edges: edgesOf(steps, right),
    w: Math.max(0, ...steps.map((s) => s.x + s.w)) + pad_px,
    h: Math.max(0, ...steps.map((s) => s.y + s.h)) + pad_px,
  }
}

/** An edge leaves its column level and bends between columns: beside a wide loop it would cross it otherwise. */
function edgesOf(steps: readonly Placed[], right: (column: number) => number): Edge[] {
  const at = new Map(steps.map((s) => [s.node.id, s]))
  return steps.flatMap((to) =>
    to.node.needs.flatMap((need) => {
      const from = at.get(need)
      if (!from) return []
      const [x1, y1, x2, y2] = [Math.min(right(from.node.column), to.x), from.y + head_px / 2, to.x, to.y + head_px / 2]
      const bend = Math.max(16, (x2 - x1) / 2)
      const path = `M${from.x + from.w},${y1} H${x1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2 - 5},${y2}`
      return [{ key: `${need}>${to.node.id}`, label: to.node.labels[need], x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 5, path }]
    }),
  )
}
