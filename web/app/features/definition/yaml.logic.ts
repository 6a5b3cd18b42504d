// One grammar with the server (src/core/workflow/text.cc): the rows of src/core/workflow/yaml_cases.json hold for both.
// YAML without what multiplies or retypes (anchors, aliases, tags, merge keys), and with JSON's numbers: `012`, `+5`,
// `0x1F`, `.5`, `yes` and dates are texts. A number keeps its digits: a double would round long ones.
import { Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, type ParsedNode, type ScalarTag } from 'yaml'
import { Exact, type Json } from '~/shared/api'

export interface Mark {
  from: number
  to: number
  line: number
  column: number
  message: string
}
export type ExactJson = null | boolean | string | Exact | ExactJson[] | Map<string, ExactJson>
export interface Read {
  doc: Document<ParsedNode>
  lines: LineCounter
  marks: Mark[]
  /** Undefined when there are marks. */
  tree: ExactJson | undefined
}

const numberText = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/
const scalars: ScalarTag[] = [
  { default: true, tag: 'tag:yaml.org,2002:null', test: /^(?:~|null|Null|NULL)?$/, resolve: () => null },
  { default: true, tag: 'tag:yaml.org,2002:bool', test: /^(?:true|True|TRUE|false|False|FALSE)$/, resolve: (text) => /^t/i.test(text) },
  { default: true, tag: 'tag:yaml.org,2002:float', test: numberText, resolve: (text) => new Exact(text), stringify: ({ value }) => (value instanceof Exact ? value.text : String(value)), identify: (value) => value instanceof Exact },
]
const halves = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/
const depthMax = 32
const unquoted = "an expression needs quotes here, such as '{{ input.x }}': without them YAML reads braces as an object"

class Refused extends Error {
  readonly at: readonly [number, number]
  constructor(message: string, at: readonly [number, number]) {
    super(message)
    this.at = at
  }
}

function rangeOf(node: unknown, fallback: readonly [number, number] = [0, 0]): readonly [number, number] {
  return isNode(node) && node.range ? [node.range[0], node.range[1]] : fallback
}

function nameOf(key: unknown, at: readonly [number, number], inFlow: boolean): string {
  if (inFlow && isMap(key)) throw new Refused(unquoted, rangeOf(key, at))
  if (!isScalar(key) || key.value === null) throw new Refused('A name in an object is a text', rangeOf(key, at))
  check(key, rangeOf(key, at))
  const text = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
  if (text === '<<') throw new Refused('Merge keys are not allowed', rangeOf(key, at))
  return text
}

function check(node: unknown, at: readonly [number, number]): void {
  if (isAlias(node) || ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined)) throw new Refused('Anchors and aliases are not allowed', at)
  if (isNode(node) && node.tag !== undefined) throw new Refused('Tags are not allowed', at)
}

function treeOf(node: unknown, at: readonly [number, number], depth: number, text: string): ExactJson {
  const here = rangeOf(node, at)
  check(node, here)
  if (depth > depthMax) throw new Refused(`Nested deeper than ${depthMax} levels`, here)
  if (isMap(node)) {
    const out = new Map<string, ExactJson>()
    for (const pair of node.items) {
      const name = nameOf(pair.key, here, node.flow === true)
      if (out.has(name)) throw new Refused(`"${name}" stands here twice`, rangeOf(pair.key, here))
      out.set(name, treeOf(pair.value, rangeOf(pair.key, here), depth + 1, text))
    }
    return out
  }
  if (isSeq(node)) {
    return node.items.map((item) => {
      if (!isPair(item)) return treeOf(item, here, depth + 1, text)
      return new Map([[nameOf(item.key, here, true), treeOf(item.value, here, depth + 2, text)]])
    })
  }
  if (!isScalar(node) || node.value === null) return null
  const raw = text.slice(here[0], here[1])
  if (node.type === 'QUOTE_DOUBLE' && halves.test(raw)) throw new Refused('\\u names half of a character; write the character itself', here)
  if (node.type === 'BLOCK_FOLDED' && /^>\d?\+/.test(raw)) throw new Refused('Folded text with + is not read here; |+ is', here)
  const { value } = node
  if (typeof value === 'boolean' || typeof value === 'string' || value instanceof Exact) return value
  throw new Refused('This is not JSON', here)
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Whether a value begins with `{{` on the line that could not be read. */
function hasUnquoted(text: string, at: number): boolean {
  const start = text.lastIndexOf('\n', Math.max(0, at - 1)) + 1
  const end = text.indexOf('\n', at)
  return /^[^{]*(?:^|[:\-[,])\s*\{\{/.test(text.slice(start, end < 0 ? undefined : end))
}

/** Reads YAML, and JSON as a part of it. */
export function readYaml(text: string): Read {
  const lines = new LineCounter()
  const doc = parseDocument(text, { schema: 'failsafe', customTags: scalars, lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' })
  const mark = (message: string, at: readonly [number, number]): Mark => {
    const { line, col } = lines.linePos(at[0])
    return { from: at[0], to: at[1], line, column: col, message }
  }
  const out: Read = { doc, lines, marks: [], tree: undefined }
  const isJson = isJsonText(text)
  const errors = isJson ? [] : [...doc.errors, ...doc.warnings.filter((w) => w.message.includes('YAML version'))]
  try {
    if (doc.contents === null || (isScalar(doc.contents) && doc.contents.source === '')) throw new Refused('The YAML text is empty', [0, 0])
    const tree = treeOf(doc.contents, [0, 0], 0, isJson ? '' : text)
    if (errors.length === 0) out.tree = tree
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    out.marks = [mark(error.message, error.at)]
  }
  if (errors.length > 0 && out.marks[0]?.message !== unquoted)
    out.marks = errors.map((e) => mark(hasUnquoted(text, e.pos[0]) ? unquoted : e.message, e.pos))
  return out
}

/** Numbers as JavaScript has them: for showing, not for keeping. */
export function toJson(tree: ExactJson): Json {
  if (tree instanceof Exact) return Number(tree.text)
  if (tree instanceof Map) return Object.fromEntries([...tree].map(([name, value]) => [name, toJson(value)]))
  return Array.isArray(tree) ? tree.map(toJson) : tree
}

/** YAML that any reader takes for the same: what other readers may see as numbers, dates or switches is quoted. */
export function yamlText(tree: ExactJson | Json): string {
  const exact = scalars.filter((tag) => tag.identify !== undefined)
  const doc = new Document(tree, { schema: 'core', customTags: (tags) => [...exact, ...tags], aliasDuplicateObjects: false })
  return doc.toString({ lineWidth: 110 })
}
