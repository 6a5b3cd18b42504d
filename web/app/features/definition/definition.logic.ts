import { isNode, isPair, isScalar } from 'yaml'
import { isRecord, writeJson, type Json } from '~/shared/api'
import { readYaml, toJson, yamlText, type ExactJson, type Mark } from './yaml.logic'

export type { Mark } from './yaml.logic'
export type Language = 'yaml' | 'json'
export type Parsed = { k: 'ok'; value: Json; tree: ExactJson } | { k: 'bad'; marks: Mark[] }

/** A definition as its author wrote it; in the other language only when that is asked for. */
export function toText(definition: Json, language: Language): string {
  if (typeof definition === 'string') return language === 'json' ? convert(definition, 'json') : definition
  return language === 'json' ? `${writeJson(definition, 2)}\n` : yamlText(definition)
}

/** In which language a definition is best shown. */
export function languageOf(definition: Json): Language {
  return typeof definition === 'string' && /^\s*\{\s*(?:"|\})/.test(definition) ? 'json' : 'yaml'
}

/** The same definition in the other language; digits stay, comments cannot. As it is when it cannot be read. */
export function convert(text: string, language: Language): string {
  const { tree } = readYaml(text)
  if (tree === undefined) return text
  return language === 'json' ? `${writeJson(tree, 2)}\n` : yamlText(tree)
}

/** The definition a person typed, or where it cannot be read. */
export function fromText(text: string): Parsed {
  const { marks, tree } = readYaml(text)
  return tree === undefined ? { k: 'bad', marks } : { k: 'ok', value: toJson(tree), tree }
}

/** What a definition says, also where it is kept as its author's text; null when that cannot be read. */
export function treeOf(definition: Json): Json {
  if (typeof definition !== 'string') return definition
  const parsed = fromText(definition)
  return parsed.k === 'ok' ? parsed.value : null
}

/** The parts of a field's name: `steps[2].with.id`, `/steps/2/with/id` and `steps.order.uses` alike. */
export function fieldPath(field: string): string[] {
  return field
    .replace(/^definition(?=[.[/]|$)/, '')
    .replace(/\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\]/g, (_all, a?: string, b?: string, c?: string) => `.${a ?? b ?? c ?? ''}`)
    .split(/[./]/)
    .filter((part) => part !== '')
}

/** Where a field stands in the text: the deepest part of its path that exists. Null when nothing of it does. */
export function locate(text: string, field: string): Omit<Mark, 'message'> | null {
  const { doc, lines } = readYaml(text)
  let at: unknown = doc.contents
  let range: [number, number] | null = null
  for (const part of fieldPath(field)) {
    const next = child(at, part)
    if (next === null) break
    range = next.range ?? range
    at = next.node
  }
  if (range === null) return null
  const { line, col } = lines.linePos(range[0])
  return { from: range[0], to: range[1], line, column: col }
}

interface Found {
  node: unknown
  range: [number, number] | null
}

function child(at: unknown, part: string): Found | null {
  if (!isNode(at) || !('items' in at) || !Array.isArray(at.items)) return null
  const items: readonly unknown[] = at.items
  const pair = items.find((item) => isPair(item) && isScalar(item.key) && textOfKey(item.key) === part)
  if (isPair(pair)) return { node: pair.value, range: rangeOf(pair.key) }
  // A step is named by its place or by its id.
  const item = /^\d+$/.test(part) ? items[Number(part)] : items.find((i) => idOf(i) === part)
  return item === undefined || isPair(item) ? null : { node: item, range: rangeOf(item) }
}

function textOfKey(key: { value: unknown; source?: string }): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
}

function idOf(item: unknown): string | null {
  const found = child(item, 'id')
  return found && isScalar(found.node) ? textOfKey(found.node) : null
}

function rangeOf(node: unknown): [number, number] | null {
  return isNode(node) && node.range ? [node.range[0], node.range[1]] : null
}

/** A key as the server wants it, suggested from a name. */
export function keyFrom(name: string): string {
  const key = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+|-+$/g, '')
  return key.slice(0, 40).replace(/-+$/, '')
}

/** What a new workflow begins with: something that runs. */
export function starter(key: string): Json {
  return {
    name: key,
    inputs: { type: 'object' },
    steps: [{ id: 'greet', uses: 'core/map', with: { message: "Hello {{ input.name ?? 'world' }}" } }],
    output: '{{ steps.greet.output }}',
  }
}

/** An example input for a schema: its required members, with values of the right type. */
export function sampleInput(definition: Json): Json {
  // A draft is the text that its author wrote.
  const parsed = typeof definition === 'string' ? fromText(definition) : null
  const members = parsed === null ? definition : parsed.k === 'ok' ? parsed.value : null
  const schema = isRecord(members) ? members.inputs : null
  if (!isRecord(schema) || !isRecord(schema.properties)) return {}
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : []
  const properties = Object.entries(schema.properties).filter(([name]) => required.includes(name))
  return Object.fromEntries(properties.map(([name, property]) => [name, sampleOf(property)]))
}

function sampleOf(property: unknown): Json {
  const type = isRecord(property) ? property.type : null
  if (type === 'number' || type === 'integer') return 0
  if (type === 'boolean') return false
  if (type === 'array') return []
  return type === 'object' ? {} : ''
}
