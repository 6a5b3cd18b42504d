// Runs as they happen, and why they fail.
import { accessible, expect, shot, test } from './harness.ts'
import { deliver } from './server.ts'
import { api, edit, owner, wait_ms, type World } from './world.ts'

export async function watching(world: World): Promise<void> {
  const { page, server } = world
  await test('a run appears and finishes without a reload, and its steps open', async () => {
    await page.goto(`${server.url}/runs`)
    await page.locator('[data-testid=live][data-status=live]').waitFor()
    await page.evaluate(() => ((globalThis as unknown as { sameDocument: boolean }).sameDocument = true))
    const run = await deliver(world.hook.url, { name: 'Ada' }, world.hook.secret)
    const row = page.locator(`tr[data-run="${run}"]`)
    await row.waitFor({ timeout: wait_ms })
    await page.locator(`tr[data-run="${run}"][data-state=success]`).waitFor({ timeout: wait_ms })
    await accessible(page)
    await shot(page, '06-run-finished')
    await row.locator('a').click()
    await page.waitForURL(`**/runs/${run}`)
    await page.locator('[data-testid=run-state][data-state=success]').waitFor()
    await page.click('[data-step=hello]')
    await page.locator('[data-testid=step-output]').getByText('"Hello Ada"').waitFor()
    await page.click('[data-step=twice]')
    await page.locator('[data-testid=step-output]').getByText('42').waitFor()
    expect(await page.evaluate(() => (globalThis as unknown as { sameDocument?: boolean }).sameDocument), 'no reload happened')
    await accessible(page)
    await shot(page, '07-run-steps')
    await page.getByRole('tab', { name: 'Input and output' }).click()
    await page.getByText('"Ada"').first().waitFor()
    await page.getByRole('tab', { name: 'Logs' }).click()
    await page.waitForURL('**tab=logs')
    await page.locator('ol[aria-label=Logs], h2:has-text("No log lines")').first().waitFor()
    await shot(page, '08-run-logs')
  })
  await test('running it again, and starting it by hand, lead to the new run', async () => {
    const before = page.url()
    await page.click('[data-testid=rerun]')
    await page.click('[role=dialog] [type=submit]')
    await page.waitForURL((url) => url.pathname.startsWith('/runs/') && url.href !== before && url.pathname !== new URL(before).pathname)
    await page.locator('[data-testid=run-state][data-state=success]').waitFor({ timeout: wait_ms })
    await page.goto(`${server.url}/workflows/${world.workflow}`)
    await page.click('[data-testid=run-now]')
    await edit(page, '{"name": "Hopper"}', '[role=dialog]')
    await page.click('[role=dialog] [type=submit]')
    await page.waitForURL(/\/runs\/[0-9a-f-]{36}/)
    await page.locator('[data-testid=run-state][data-state=success]').waitFor({ timeout: wait_ms })
    await page.click('[data-step=hello]')
    await page.locator('[data-testid=step-output]').getByText('"Hello Hopper"').waitFor()
  })
  await test('the steps of a run finish one after another before one’s eyes', async () => {
    const slow = await api(page, 'POST', '/workflows', {
      key: 'slow', name: 'Slow',
      definition: {
        name: 'slow',
        steps: [
          { id: 'first', uses: 'core/map', with: { n: 1 } },
          { id: 'pause', needs: ['first'], uses: 'core/sleep', with: { duration: 4 } },
          { id: 'last', needs: ['pause'], uses: 'core/map', with: { n: '{{ steps.first.output.n + 1 }}' } },
        ],
      },
    })
    await api(page, 'POST', `/workflows/${String(slow.id)}/publish`, {})
    const { run_id } = await api(page, 'POST', `/workflows/${String(slow.id)}/runs`, { input: {} })
    const asked: string[] = []
    const listen = (request: { url: () => string; postData: () => string | null }) => void asked.push(request.postData() ?? request.url())
    await page.goto(`${server.url}/runs/${String(run_id)}`)
    await page.locator('[data-testid=live][data-status=live]').waitFor()
    await page.locator('[data-step=first][data-state=success]').waitFor()
    expect((await page.locator('[data-testid=run-state][data-state=success]').count()) === 0, 'the run to be still at work')
    await shot(page, '14-run-at-work')
    page.on('request', listen)
    await page.locator('[data-step=last][data-state=success]').waitFor({ timeout: wait_ms })
    await page.locator('[data-testid=run-state][data-state=success]').waitFor({ timeout: wait_ms })
    page.off('request', listen)
    // Only the values of the step in view are asked for, and before how large they are; its state comes by itself. Parts of other pages are fetched ahead, whenever there is time.
    expect(asked.every((body) => body.includes('RunStep') || body.includes('RunSizes') || body.includes('/_nuxt/')), `nothing else to be asked for meanwhile, but:\n${asked.join('\n')}`)
    await page.click('[data-step=last]')
    await page.locator('[data-testid=step-output]').getByText('2', { exact: true }).first().waitFor()
  })
  await test('behind a proxy without WebSocket the list follows as well, only slower', async () => {
    const other = await page.context().newPage()
    try {
      await other.routeWebSocket('**/v1/graphql', (socket) => socket.close())
      await other.goto(`${server.url}/runs`)
      await other.locator('tr[data-run]').first().waitFor()
      await other.locator('[data-testid=live][data-status=lost]').waitFor()
      const run = await deliver(world.hook.url, { name: 'Slow lane' }, world.hook.secret)
      await other.locator(`tr[data-run="${run}"][data-state=success]`).waitFor({ timeout: wait_ms })
    } finally {
      await other.close()
    }
  })
  await test('canceling asks why, and the run tells who stopped it, why, and what was not reached', async () => {
    const long = await api(page, 'POST', '/workflows', {
      key: 'long', name: 'Long',
      definition: { name: 'long', steps: [{ id: 'pause', uses: 'core/sleep', with: { duration: 600 } }, { id: 'after', needs: ['pause'], uses: 'core/map', with: { n: 1 } }] },
    })
    await api(page, 'POST', `/workflows/${String(long.id)}/publish`, {})
    const { run_id } = await api(page, 'POST', `/workflows/${String(long.id)}/runs`, { input: {} })
    await page.goto(`${server.url}/runs/${String(run_id)}`)
    await page.locator('[data-step=pause]').waitFor()
    const beside = await page.getByRole('link', { name: 'Open workflow' }).boundingBox()
    await page.click('[data-testid=cancel]')
    await page.fill('[role=dialog] [name=reason]', 'The order was withdrawn')
    await page.click('[role=dialog] [type=submit]')
    await page.locator('[data-testid=run-state][data-state=canceled]').waitFor()
    const card = await page.locator('[data-testid=canceled]').innerText()
    expect(card.includes(`Canceled by ${owner.name}`) && card.includes('The order was withdrawn'), `who and why, but: ${card}`)
    const event = await page.locator('[data-testid=timeline-cancel]').innerText()
    expect(event.includes(`Canceled by ${owner.name}`) && event.includes('The order was withdrawn'), `who and why in the timeline, but: ${event}`)
    await page.locator('[data-step=after][data-state=not_reached]').getByText('Not reached').last().waitFor()
    const now = await page.getByRole('link', { name: 'Open workflow' }).boundingBox()
    expect(now?.x === beside?.x && now?.y === beside?.y, 'no button to move into the place of Cancel')
    await accessible(page)
    await shot(page, '17-run-canceled')
  })
  await test('a failure says its kind, its step and the engine’s message', async () => {
    const bad = await api(page, 'POST', '/workflows', {
      key: 'failing', name: 'Failing', definition: { name: 'failing', steps: [{ id: 'boom', uses: 'core/map', with: { x: '{{ input.list.map(i => i.id) }}' } }] },
    })
    await api(page, 'POST', `/workflows/${String(bad.id)}/publish`, {})
    const { run_id } = await api(page, 'POST', `/workflows/${String(bad.id)}/runs`, { input: {} })
    await page.goto(`${server.url}/runs/${String(run_id)}`)
    await page.locator('[data-testid=run-state][data-state=failed]').waitFor({ timeout: wait_ms })
    const card = page.locator('[data-testid=failure]')
    await card.getByText('The workflow failed').waitFor()
    await card.getByRole('button', { name: 'boom' }).waitFor()
    expect(/list/.test(await card.innerText()), 'the message names what is absent')
    await accessible(page)
    await shot(page, '09-run-failed')
  })
  await test('the list filters by state in the address', async () => {
    await page.goto(`${server.url}/runs?state=failed`)
    await page.locator('tr[data-state=failed]').first().waitFor()
    expect((await page.locator('tr[data-state=success]').count()) === 0, 'only failed runs')
  })
}
