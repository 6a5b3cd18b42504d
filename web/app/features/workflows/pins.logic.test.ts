import { describe, expect, it } from 'vitest'
import type { Ask } from '~/shared/graphql/client'
import type { RunId, WorkflowId } from '~/shared/ids'
import { pinnable, pinsFrom, pinsIn, runWithMost, stepsBefore, testBody } from './pins.logic'
import { outputsOf, usePins } from './usePins'

const run = '01890000-0000-7000-8000-000000000001' as RunId
const definition = {
  steps: [
    { id: 'get' }, { id: 'way', needs: 'get' }, { id: 'other' },
    { id: 'each', needs: [{ step: 'way', on: 'then' }], steps: [{ id: 'pay' }, { id: 'rows', needs: ['pay'], steps: [{ id: 'cell' }] }] },
    { id: 'end', needs: ['each', 'absent'] },
  ],
  finally: [{ id: 'tell' }],
}

describe('what a step needs', () => {
  it('is all that must have run before, through every need', () => {
    expect(stepsBefore(definition, 'end')).toEqual(['get', 'way', 'each'])
    expect(stepsBefore(definition, 'get')).toEqual([])
  })
  it('of a step in a loop is what the loop needs', () => {
    expect(stepsBefore(definition, 'cell')).toEqual(['get', 'way'])
  })
  it('ends in circles and in what is no definition', () => {
    expect(stepsBefore({ steps: [{ id: 'a', needs: ['b'] }, { id: 'b', needs: ['a'] }] }, 'a')).toEqual(['a', 'b'])
    expect(stepsBefore('steps', 'a')).toEqual([])
  })
})

describe('pins', () => {
  it('are read as far as they can be', () => {
    expect(pinsFrom({ a: { run }, b: { text: '1.10' }, c: { run: 'x' }, d: 7 })).toEqual({ a: { run }, b: { text: '1.10' } })
    expect(pinsFrom(null)).toEqual({})
  })
  it('count where the test has their step, and would run it', () => {
    const pins = { get: { run }, end: { text: '1' }, gone: { text: '2' } }
    expect(pinnable(definition)).toEqual(['get', 'way', 'other', 'each', 'end'])
    expect(Object.keys(pinsIn(pins, definition, { until: null, alone: false }))).toEqual(['get', 'end'])
    expect(Object.keys(pinsIn(pins, definition, { until: 'end', alone: true }))).toEqual(['get'])
  })
  it('come from one run: the newest of those that did most', () => {
    const runs = [['get'], ['get', 'way'], ['way', 'get'], []].map((steps, i) => ({ id: `${run.slice(0, -1)}${i}` as RunId, steps: steps.map((step_id) => ({ step_id })) }))
    expect(runWithMost(runs, ['get', 'way'])).toBe(runs[1])
    expect(runWithMost(runs, ['each'])).toBeNull()
  })
  it('and input are sent with the digits they have', () => {
    expect(testBody('name: "x"', { input: '{"a":1.10}', until: 'end', outputs: { get: '1e400' } })).toBe('{"definition":"name: \\"x\\"","until":"end","input":{"a":1.10},"pins":{"get":1e400}}')
    expect(testBody('', { input: '{}', until: null, outputs: {} })).toBe('{"definition":"","input":{}}')
  })
  it('are kept by the browser, and without it as long as the page', () => {
    const kept = new Map<string, string>()
    const storage = () => ({ getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => void kept.set(key, text), removeItem: (key: string) => void kept.delete(key) })
    usePins('w' as WorkflowId, storage).set('a', { run })
    expect(usePins('w' as WorkflowId, storage).all.value).toEqual({ a: { run } })
    expect(usePins('v' as WorkflowId, storage).names.value).toEqual([])
    usePins('w' as WorkflowId, storage).set('a', null)
    expect(kept.size).toBe(0)
    const none = usePins('w' as WorkflowId, () => { throw new Error('denied') })
    none.set('a', { text: '1' })
    expect(none.names.value).toEqual(['a'])
  })
  it('of a run stand for its outputs, and say when those are gone', async () => {
    const ask = (async () => ({ run_steps: [{ step_id: 'get', output: { n: 1 } }] })) as unknown as Ask
    expect(await outputsOf(ask, { get: { run }, b: { text: '1.10' } })).toEqual({ get: '{"n":1}', b: '1.10' })
    await expect(outputsOf(ask, { way: { run } })).rejects.toMatchObject({ problem: { field: 'pins.way' } })
  })
})
