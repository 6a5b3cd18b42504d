// Loops and what runs finally: in the graph of a definition, and in the run, item by item.
import { accessible, expect, shot, test } from './harness.ts'
import { faultsInSight } from './sight.ts'
import { api, wait_ms, type World } from './world.ts'

const definition = {
  name: 'orders-by-item',
  steps: [
    {
      id: 'each', uses: 'core/foreach', with: { items: '{{ Array.from({ length: 120 }, (_, i) => ({ id: i + 1 })) }}', concurrency: 5, 'on-item-error': 'continue' },
      steps: [
        { id: 'price', uses: 'core/code', with: { source: "if (item.id === 77) throw new Error('no price for 77'); console.log('priced ' + item.id); return item.id * 2;" } },
        { id: 'rows', needs: ['price'], uses: 'core/foreach', with: { items: ['a', 'b', 'c'] }, steps: [{ id: 'cell', uses: 'core/map', with: "{{ outer.item.id + item }}" }] },
      ],
      output: '{{ steps.rows.output }}',
    },
    { id: 'other', uses: 'core/map', with: 'at once' },
    { id: 'both', needs: ['each', 'other'], join: 'first', uses: 'core/merge', with: { inputs: ['{{ steps.each?.output }}', '{{ steps.other?.output }}'], mode: 'first' } },
  ],
  finally: [{ id: 'tell', uses: 'core/map', with: '{{ outcome.status }}' }],
}

export async function loops({ page, server }: World): Promise<void> {
  let run = ''
  await test('a loop is drawn around its steps, and a problem in it is found in the text', async () => {
    const flow = await api(page, 'POST', '/workflows', { key: 'by-item', name: 'Orders by item', definition })
    await api(page, 'POST', `/workflows/${String(flow.id)}/publish`, {})
    run = String((await api(page, 'POST', `/workflows/${String(flow.id)}/runs`, { input: {} })).run_id)
    await page.goto(`${server.url}/workflows/${String(flow.id)}`)
    await page.locator('[data-node=each] [data-node=rows] [data-node=cell]').waitFor()
    await page.locator('[data-node=each]').getByText('for each, 5 at once').waitFor()
    await page.locator('[data-node=both]').getByText('first').waitFor()
    await page.locator('[data-testid=graph-finally] [data-node=tell]').waitFor()
    await accessible(page)
    await shot(page, '20-loop-graph')
    const broken = structuredClone(definition)
    Object.assign(broken.steps[0]?.steps?.[1] ?? {}, { with: { items: 7 } })
    const bad = await api(page, 'POST', '/workflows', { key: 'by-item-bad', name: 'Broken', definition: broken })
    await page.goto(`${server.url}/workflows/${String(bad.id)}`)
    await page.click('[data-testid=validate]')
    const line = page.locator('[data-testid=problems] li', { hasText: 'steps[0].steps[1].with.items' })
    await line.getByText(/line \d+/i).waitFor()
  })
  await test('a run shows a loop as one step that opens to pages of items', async () => {
    await page.goto(`${server.url}/runs/${run}`)
    await page.locator('[data-testid=run-state][data-state=success]').waitFor({ timeout: wait_ms })
    const steps = await page.locator('[data-step]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-step')))
    expect(steps.join() === 'each,other,both,tell', `each step once, but: ${steps.join()}`)
    await page.locator('[data-testid=step-panel]').getByRole('heading', { name: 'both' }).waitFor()
    await page.locator('section', { has: page.getByRole('heading', { name: 'Finally' }) }).locator('[data-step=tell]').waitFor()
    const toggle = page.locator('[data-loop=each] > button')
    await toggle.getByText('120 items, 119 succeeded, 1 failed').waitFor()
    await toggle.focus()
    await page.keyboard.press('Enter')
    await page.locator('[data-item="50"]').waitFor()
    expect((await page.locator('[data-item]').count()) === 50, 'fifty items on a page')
    await page.getByRole('button', { name: 'Later items' }).click()
    await page.locator('[data-item="77"][data-state=failed]').getByText('no price for 77').waitFor()
    await accessible(page)
    await shot(page, '21-loop-items')
    await page.getByRole('button', { name: 'Later items' }).click()
    await page.locator('[data-item="120"]').waitFor()
    expect((await page.locator('[data-item]').count()) === 20 && (await page.getByRole('button', { name: 'Later items' }).isDisabled()), 'twenty items on the last page')
  })
  await test('of the failed items the steps tell why, and a link leads to one of them', async () => {
    await page.getByLabel('Failed only').check()
    await page.locator('[data-item="77"]').waitFor()
    await page.waitForFunction(() => document.querySelectorAll('[data-item]').length === 1)
    await page.click('[data-item="77"]')
    const panel = page.locator('[data-testid=step-panel]')
    await panel.getByRole('heading', { name: 'price · item 77' }).waitFor()
    await panel.getByText('no price for 77').first().waitFor()
    await page.locator('[data-step=rows][data-iteration="77"][data-state=not_reached]').waitFor()
    await shot(page, '22-loop-failed-item')
    await page.goto(`${server.url}/runs/${run}?step=cell&item=63000002`)
    await panel.getByRole('heading', { name: 'cell · item 63.2' }).waitFor()
    await page.locator('[data-testid=step-output]').getByText('"63b"').waitFor()
    await page.locator('[data-item="63000002"][aria-expanded=true]').waitFor()
    await page.click('[data-step="each.item"][data-iteration="63"]')
    await page.locator('[data-testid=step-output]').getByText('"63c"').waitFor()
    const faults = await faultsInSight(page, 'loop-item')
    expect(faults.length === 0, `no faults, but:\n${faults.join('\n')}`)
    await page.getByRole('tab', { name: 'Logs' }).click()
    await page.getByText('price · item 12', { exact: true }).waitFor()
    await shot(page, '23-loop-logs')
  })
}
