import { describe, expect, it } from 'vitest'
import { finallyGraph, head_px, pictureOf, stepGraph, type Placed } from './graph.logic'

describe('stepGraph', () => {
  it('puts each step right of what it needs and next to who needs it', () => {
    const nodes = stepGraph({ steps: [{ id: 'a' }, { id: 'far' }, { id: 'b', needs: ['a'] }, { id: 'c', needs: ['b', { step: 'far' }] }] })
    expect(nodes.map((n) => [n.id, n.column, n.row])).toEqual([['a', 0, 0], ['far', 1, 0], ['b', 1, 1], ['c', 2, 0]])
  })
  it('survives cycles, unknown needs and nonsense', () => {
    const joined = stepGraph({ steps: [{ id: 'r' }, { id: 'a', needs: [{ step: 'r', on: 'big' }, { step: 'r', on: 'else' }] }, { id: 'b', needs: [{ step: 'r', on: 'success' }] }] })
    expect(joined.map((n) => [n.needs, n.labels])).toEqual([[[], {}], [['r'], { r: 'big, else' }], [['r'], {}]])
    expect(stepGraph({ steps: [{ id: 'a', needs: ['b'] }, { id: 'b', needs: ['a', 'ghost'] }] })).toHaveLength(2)
    expect(stepGraph({ steps: 'x' })).toEqual([])
    expect(stepGraph(null)).toEqual([])
    expect(stepGraph({ steps: [1, { id: 2 }] })).toHaveLength(1)
    expect(stepGraph({ steps: [{ id: 'each', uses: 'core/foreach', steps: 7, with: null }] })[0]).toMatchObject({ body: [], loop: { limit: 1 } })
  })
  it('has the steps of loops in them, and reads how often and how they join', () => {
    const [each, sum] = stepGraph({ steps: [
      { id: 'each', uses: 'core/foreach', with: { items: [], concurrency: 5 }, steps: [{ id: 'a' }, { id: 'more', uses: 'core/while', needs: ['a', 'sum'], with: { condition: true, max: 9 }, steps: [{ id: 'b' }] }] },
      { id: 'sum', uses: 'core/merge', needs: ['each'], join: 'first' },
    ] })
    expect(each).toMatchObject({ loop: { kind: 'foreach', limit: 5 }, joinsFirst: false, body: [{ id: 'a' }, { id: 'more', column: 1, needs: ['a'], loop: { kind: 'while', limit: 9 }, body: [{ id: 'b' }] }] })
    expect(sum).toMatchObject({ loop: null, joinsFirst: true, column: 1, body: [] })
    const usual = stepGraph({ steps: [{ id: 'w', uses: 'core/while' }, { id: 'x', uses: 'core/foreach', with: { concurrency: '{{ 1 }}' } }] })
    expect(usual.map((n) => n.loop?.limit)).toEqual([1000, null])
    expect(finallyGraph({ steps: [], finally: [{ id: 'tell' }] })).toMatchObject([{ id: 'tell' }])
  })
  it('goes no deeper than loops may stand in each other', () => {
    const nest = (depth: number): object => ({ id: `d${depth}`, uses: 'core/foreach', ...(depth < 40 ? { steps: [nest(depth + 1)] } : {}) })
    let [at] = stepGraph({ steps: [nest(0)] } as never)
    let levels = 0
    for (; at; at = at.body[0]) levels++
    expect(levels).toBe(4)
  })
})

describe('pictureOf', () => {
  it('keeps everything apart, and what is in a loop within it', () => {
    const picture = pictureOf(stepGraph({ steps: [
      { id: 'a' },
      { id: 'each', uses: 'core/foreach', needs: ['a'], steps: [{ id: 'b' }, { id: 'c', needs: ['b'] }, { id: 'in', uses: 'core/while', needs: ['b'], steps: [{ id: 'd' }] }] },
      { id: 'beside', needs: ['a'] },
      { id: 'e', needs: ['each', 'beside'] },
    ] }))
    function inside(steps: readonly Placed[], w: number, h: number): void {
      for (const s of steps) {
        expect(s.x >= 0 && s.y >= 0 && s.x + s.w <= w && s.y + s.h <= h).toBe(true)
        const others = steps.filter((o) => o !== s)
        expect(others.some((o) => s.x < o.x + o.w && o.x < s.x + s.w && s.y < o.y + o.h && o.y < s.y + s.h)).toBe(false)
        if (s.body) inside(s.body.steps, s.w, s.h - head_px)
      }
    }
    inside(picture.steps, picture.w, picture.h)
    expect(picture.edges.map((e) => e.key)).toEqual(['a>each', 'a>beside', 'each>e', 'beside>e'])
    expect(picture.steps[1]?.body?.edges).toHaveLength(2)
    // The step below the loop is narrower than it: its edge goes on level to where the loop ends.
    const [, each, beside] = picture.steps
    expect(picture.edges.at(-1)?.path).toMatch(new RegExp(`^M${beside!.x + beside!.w},[\\d.]+ H${each!.x + each!.w} C`))
    expect(pictureOf([])).toMatchObject({ steps: [], edges: [] })
  })
})
