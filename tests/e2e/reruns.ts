// Running again: from the beginning, the failure or a step, one run or many, and tests of drafts with given outputs.
import type { Page } from 'playwright-core'
import { accessible, expect, shot, test } from './harness.ts'
import { faultsInSight } from './sight.ts'
import { api, edit, wait_ms, type World } from './world.ts'

// Nothing listens there, so the call fails; it may have arrived all the same, for all that anybody knows.
const pay = { id: 'pay', needs: ['order'], uses: 'core/http', retry: { attempts: 1 }, with: { url: 'http://127.0.0.1:9/pay', method: 'POST', body: '{{ steps.order.output }}' } }
const order = { id: 'order', uses: 'core/map', with: { price: '{{ input.price }}' } }
const inputs = { type: 'object', required: ['price'], properties: { price: { type: 'integer', title: 'Price' } } }
const tell = { id: 'tell', uses: 'core/map', with: '{{ outcome.status }}' }

async function made(page: Page, key: string, definition: object): Promise<string> {
  const { id } = await api(page, 'POST', '/workflows', { key, name: `Again: ${key}`, definition: { name: key, ...definition } })
  await api(page, 'POST', `/workflows/${String(id)}/publish`, {})
  return String(id)
}

async function ran(page: Page, flow: string, input: object, state: string): Promise<string> {
  const { run_id } = await api(page, 'POST', `/workflows/${flow}/runs`, { input })
  await page.goto(new URL(`/runs/${String(run_id)}`, page.url()).href)
  await ended(page, state)
  return String(run_id)
}

const ended = (page: Page, state: string) => page.locator(`[data-testid=run-state][data-state=${state}]`).waitFor({ timeout: wait_ms })
const submit = (page: Page) => page.click('[role=dialog] [type=submit]')

/** Waits for the page of a run that is not this one. */
async function elsewhere(page: Page, run: string): Promise<string> {
  await page.waitForURL((url) => /\/runs\/[0-9a-f-]{36}$/.test(url.pathname) && !url.pathname.endsWith(run))
  return new URL(page.url()).pathname.slice('/runs/'.length)
}

async function fine(page: Page, label: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await accessible(page)
  const faults = await faultsInSight(page, label)
  expect(faults.length === 0, `no faults, but:\n${faults.join('\n')}`)
}

export async function reruns(world: World): Promise<void> {
  await oneRun(world)
  await tests(world)
  await many(world)
}

async function oneRun({ page, server }: World): Promise<void> {
  let flow = ''
  let run = ''
  const preview = page.locator('[data-testid=rerun-preview]')
  await test('from the failure: what is kept, what is done again, and calls that may act twice are asked about', async () => {
    await page.goto(server.url)
    flow = await made(page, 'again', { inputs, steps: [order, pay], finally: [tell] })
    run = await ran(page, flow, { price: 5 }, 'failed')
    await page.click('[data-testid=rerun-failure]')
    await preview.getByText('pay: 1 call of core/http').waitFor()
    expect((await preview.locator('[data-testid=rerun-kept]').innerText()) === 'order', 'the order to be kept')
    expect((await preview.locator('[data-testid=rerun-again]').innerText()) === 'pay, tell', 'the call and what is final to be done again')
    await submit(page)
    await preview.getByText('Tick this, or begin behind these steps.').waitFor()
    await fine(page, 'rerun dialog')
    await shot(page, '30-rerun')
    await page.getByLabel('Make these calls again').check()
    await submit(page)
    const again = await elsewhere(page, run)
    await ended(page, 'failed')
    await page.locator('[data-step=order][data-source=rerun]').getByText('Kept').waitFor()
    expect((await page.locator('[data-step=pay][data-source]').count()) === 0, 'the call to be its own')
    await page.click('[data-step=order]')
    await page.locator('[data-testid=step-output]').getByText('5').waitFor()
    await fine(page, 'repeated run')
    await shot(page, '31-rerun-kept')
    await page.locator('[data-testid=taken] a').click()
    await page.waitForURL(`**/runs/${run}?step=order`)
    expect(again !== run, 'another run')
  })
  await test('from a step’s own panel, and on the newest version, with another input', async () => {
    await page.goto(`${server.url}/runs/${run}?step=pay`)
    await page.click('[data-testid=rerun-here]')
    await preview.locator('[data-testid=rerun-effects]').waitFor()
    await page.getByLabel('From the beginning').check()
    await api(page, 'PUT', `/workflows/${flow}/draft`, { definition: { name: 'again', inputs, steps: [order], output: '{{ steps.order.output.price }}' } })
    await api(page, 'POST', `/workflows/${flow}/publish`, {})
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.locator('[role=dialog]').waitFor({ state: 'hidden' })
    await page.click('[data-testid=rerun]')
    await page.getByLabel('The newest: version 2').check()
    await preview.getByText('order', { exact: true }).waitFor()
    expect((await preview.locator('[data-testid=rerun-effects]').count()) === 0, 'no call to be made twice by what makes none')
    await page.click('[data-testid=rerun-input]')
    await page.fill('[role=dialog] [name=input-price]', 'seven')
    await submit(page)
    await page.locator('[role=dialog] [role=alert]').getByText('input.price').waitFor()
    await fine(page, 'rerun dialog with a refused input')
    await page.fill('[role=dialog] [name=input-price]', '7')
    await shot(page, '32-rerun-input')
    await submit(page)
    await elsewhere(page, run)
    await ended(page, 'success')
    await page.locator('[data-testid=version]').getByText('2').waitFor()
    await page.getByRole('tab', { name: 'Input and output' }).click()
    await page.locator('section', { hasText: 'Run output' }).getByText('7').first().waitFor()
  })
  await test('a step of a loop cannot be begun with, and the loop can', async () => {
    const loop = await made(page, 'again-loop', { steps: [{ id: 'each', uses: 'core/foreach', with: { items: [1, 2] }, steps: [{ id: 'double', uses: 'core/map', with: '{{ item * 2 }}' }] }, { id: 'end', needs: ['each'], uses: 'core/map', with: '{{ steps.each.output }}' }] })
    const first = await ran(page, loop, {}, 'success')
    await page.click('[data-testid=rerun]')
    expect((await page.getByLabel('From the failure', { exact: false }).count()) === 0, 'no failure to begin with')
    await page.getByLabel('From a step', { exact: false }).check()
    await page.locator('[data-testid=rerun-step]').click()
    const offered = await page.getByRole('option').allInnerTexts()
    expect(offered.join() === 'each,end', `the steps outside of the loop, but: ${offered.join()}`)
    await page.getByRole('option', { name: 'end' }).click()
    await preview.locator('[data-testid=rerun-kept]').getByText('each').waitFor()
    await submit(page)
    await elsewhere(page, first)
    await ended(page, 'success')
    await page.locator('[data-step=each][data-source=rerun]').waitFor()
    expect((await page.locator('[data-loop=each]').count()) === 0, 'no items of a loop that this run has not done')
  })
}

async function tests({ page, server }: World): Promise<void> {
  const peek = page.locator('[data-testid=run-peek]')
  const dialog = page.locator('[role=dialog]')
  const draft = (note: string) => `name: tried
inputs: {type: object, required: [price], properties: {price: {type: integer, title: Price}}}
steps:
  - id: order
    uses: core/map
    with: {price: "{{ input.price }}"}
  - id: double
    needs: [order]
    uses: core/map
    with: "{{ steps.order.output.price * 2 }}"
  - id: each
    needs: [double]
    uses: core/foreach
    with: {items: [1, 2]}
    steps:
      - {id: sum, uses: core/map, with: "{{ item + steps.double.output }}"}
  - id: note
    needs: [each]
    uses: core/map
    with: "${note} {{ steps.double.output }}"
`
  const output = peek.locator('[data-testid=step-output]')
  const done = async (state = 'success') => peek.locator(`.chip[data-state=${state}]`).first().waitFor({ timeout: wait_ms })
  await test('what is in the editor is tested, saved or not, and its run is shown beneath', async () => {
    const flow = await api(page, 'POST', '/workflows', { key: 'tried', name: 'Tried', definition: draft('saved') })
    await page.goto(`${server.url}/workflows/${String(flow.id)}`)
    await page.locator('[data-node=note]').waitFor()
    await edit(page, draft('typed'))
    await page.click('[data-testid=test]')
    await page.fill('[role=dialog] [name=input-price]', 'many')
    await submit(page)
    await dialog.getByRole('alert').getByText('input.price').waitFor()
    await fine(page, 'test dialog')
    await page.fill('[role=dialog] [name=input-price]', '4')
    await submit(page)
    await done()
    await peek.locator('[data-step=note][data-state=success]').click()
    await output.getByText('typed 8').waitFor()
    await page.locator('[data-testid=draft-standing]').getByText('Changed, not saved').waitFor()
    await fine(page, 'latest test')
    await shot(page, '33-test')
  })
  await test('an output is given from a run or typed, marked in the graph, kept by the browser and taken back', async () => {
    await page.click('[data-testid=save]')
    await page.locator('[data-testid=draft-standing]').getByText('never published').waitFor()
    await peek.locator('[data-step=order]').click()
    await page.click('[data-testid=pin-this]')
    await page.locator('[data-node=order] [data-testid=pinned]').waitFor()
    await page.reload()
    await page.locator('[data-node=order] [data-testid=pinned]').waitFor()
    await page.locator('[data-node=double] button').first().focus()
    await page.keyboard.press('Enter')
    await page.click('[data-testid=pin]')
    await dialog.locator('[data-testid=pin-run]').getByText('Test').waitFor()
    await dialog.getByText('8', { exact: true }).first().waitFor()
    await page.getByLabel('As JSON').first().check()
    await edit(page, '1000', '[role=dialog]')
    await fine(page, 'pin dialog')
    await shot(page, '34-pin')
    await submit(page)
    await page.locator('[data-node=double] [data-testid=pinned]').waitFor()
    await page.click('[data-testid=test]')
    await dialog.locator('[data-testid=test-given]').getByText('typed').waitFor()
    await page.fill('[role=dialog] [name=input-price]', '1')
    await submit(page)
    await peek.locator('[data-step=double][data-source=pin]').getByText('Given').waitFor({ timeout: wait_ms })
    await done()
    await peek.locator('[data-step=note]').click()
    await output.getByText('typed 1000').waitFor()
    await fine(page, 'pins')
    await shot(page, '35-pins')
    await page.getByRole('button', { name: 'Run double in tests again' }).click()
    expect((await page.locator('[data-node=double] [data-testid=pinned]').count()) === 0, 'the mark to go with the pin')
  })
  await test('a step is tested alone with what it needs from the newest run, and up to it with the rest left out', async () => {
    await page.locator('[data-node=note] button').click()
    await page.click('[data-testid=test-step]')
    await dialog.locator('[data-testid=test-given]').getByText('each').waitFor()
    await page.fill('[role=dialog] [name=input-price]', '3')
    await submit(page)
    await peek.locator('[data-step=each][data-source=pin]').waitFor({ timeout: wait_ms })
    await done()
    await peek.locator('[data-step=note]:not([data-source])').click()
    await output.getByText('typed 1000').waitFor()
    await page.locator('[data-node=sum] button').click()
    await page.click('[data-testid=test-until]')
    await page.fill('[role=dialog] [name=input-price]', '3')
    await submit(page)
    await peek.locator('[data-step=each]:not([data-source])').waitFor({ timeout: wait_ms })
    await done()
    expect((await peek.locator('[data-step=note]').count()) === 0, 'nothing after it to be there')
    await peek.locator('[data-loop=each]').getByText('2 items').waitFor()
    await peek.getByRole('link', { name: 'Open the run' }).click()
    await page.locator('[data-testid=version]').getByText('Test').waitFor()
    await page.getByRole('link', { name: 'Open workflow' }).click()
    await page.locator('[data-node=note]').waitFor()
  })
  await test('what is wrong with the draft stands at its lines', async () => {
    await edit(page, draft('typed').replace('core/map', 'core/mop'))
    await page.click('[data-testid=test]')
    await page.fill('[role=dialog] [name=input-price]', '3')
    await submit(page)
    await page.locator('[data-testid=problems]').getByText('steps[0].uses').waitFor()
    await dialog.waitFor({ state: 'hidden' })
    await edit(page, draft('typed'))
    await page.locator('[data-testid=draft-standing]').getByText('never published').waitFor()
  })
}

async function many({ page, server }: World): Promise<void> {
  await test('many are run again a page at a time: which were begun, which were left and why', async () => {
    const flow = await made(page, 'again-many', { steps: [order, pay] })
    const broken = { id: 'broken', uses: 'core/map', with: '{{ input.list.length }}' }
    const other = await made(page, 'again-broken', { steps: [broken] })
    await ran(page, flow, { price: 1 }, 'failed')
    await ran(page, flow, { price: 2 }, 'failed')
    const first = await ran(page, other, {}, 'failed')
    await page.goto(`${server.url}/runs?state=failed`)
    await page.locator('tr[data-run]').first().waitFor()
    expect((await page.locator('[data-testid=bulk]').count()) === 0, 'none for the runs of several workflows')
    await page.goto(`${server.url}/runs?state=failed&workflow=${flow}`)
    await page.click('[data-testid=bulk]')
    const dialog = page.locator('[role=dialog]')
    const result = dialog.locator('[data-testid=bulk-result]')
    await dialog.getByText('“Again: again-many” that failed (2 in the list)').waitFor()
    await submit(page)
    await result.getByText('Begun: 0').waitFor()
    await result.getByText('Left out: 2').waitFor()
    await result.getByText('may act twice').waitFor()
    await fine(page, 'many runs again')
    await shot(page, '36-bulk')
    await page.getByLabel('Make calls again that may act twice').check()
    await submit(page)
    await result.getByText('Begun: 2').waitFor()
    await page.goto(`${server.url}/runs?state=failed&workflow=${other}`)
    await page.locator(`tr[data-run="${first}"]`).waitFor()
    await page.click('[data-testid=bulk]')
    await submit(page)
    await result.getByText('Begun: 1').waitFor()
    await result.getByText('There are no more.').waitFor()
    await result.getByRole('link').first().click()
    await elsewhere(page, first)
    await ended(page, 'failed')
  })
}
