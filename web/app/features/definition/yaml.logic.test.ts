import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeJson } from '~/shared/api'
import { readYaml, toJson, yamlText } from './yaml.logic'

interface Row {
  yaml: string
  json?: string
  refused?: string
}
// The server's table: what it says of a text, the editor says too.
const file = fileURLToPath(new URL('../../../../src/core/workflow/yaml_cases.json', import.meta.url))
const rows = JSON.parse(readFileSync(file, 'utf8')) as Row[]

describe('YAML as the server reads it', () => {
  it('has a table of at least 60 rows', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60)
  })
  it.each(rows)('$yaml', ({ yaml, json, refused }) => {
    const { tree, marks } = readYaml(yaml)
    if (refused !== undefined) {
      expect(tree).toBeUndefined()
      expect(marks[0]?.message).toContain(refused)
    } else {
      expect(marks).toEqual([])
      expect(tree === undefined ? tree : writeJson(tree)).toBe(json)
    }
  })
  it('reads back what it writes', () => {
    for (const { yaml } of rows) {
      const { tree } = readYaml(yaml)
      if (tree === undefined) continue
      const again = readYaml(yamlText(tree)).tree
      expect(again === undefined ? again : writeJson(again)).toBe(writeJson(tree))
    }
  })
  it('says where an expression needs quotes', () => {
    const [mark] = readYaml('steps:\n- id: a\n  with: {{ input.x }}\n').marks
    expect(mark).toMatchObject({ line: 3, column: 10 })
    expect(mark?.message).toContain('needs quotes')
  })
  it('gives numbers to views as JavaScript has them', () => {
    const { tree } = readYaml('{a: 1e3, b: [19.90], c: 012}')
    expect(tree === undefined ? tree : toJson(tree)).toEqual({ a: 1000, b: [19.9], c: '012' })
  })
})
