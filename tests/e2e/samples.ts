// Building with a real event: a webhook is listened to before anything is published, and its event is what the draft is tested with.
import { accessible, expect, shot, test } from './harness.ts'
import { deliver } from './server.ts'
import { api, type World } from './world.ts'

export async function samples({ page, server }: World): Promise<void> {
  await test('a test event is listened for, shown, and what the draft is tested with', async () => {
    const steps = [{ id: 'a', uses: 'core/map', with: { text: '{{ input.name }} by {{ trigger.method }}' } }]
    const made = await api(page, 'POST', '/workflows', { key: 'sampled', name: 'Sampled', definition: { name: 'sampled', steps } })
    const body = { kind: 'webhook', name: 'Listened to', config: { signature: { scheme: 'none' } } }
    const trigger = await api(page, 'POST', `/workflows/${String(made.id)}/triggers`, body)
    await page.goto(`${server.url}/workflows/${String(made.id)}`)
    await page.getByRole('tab', { name: 'Triggers' }).click()
    await page.getByText('Sample event').click()
    const sample = page.locator('[data-testid=sample]')
    await sample.getByText('No event has been captured yet').waitFor()
    await sample.getByRole('button', { name: 'Listen for a test event' }).click()
    await sample.getByText(/^Listening for \d+:\d\d/).waitFor()
    await accessible(page)
    await shot(page, '37-listening')
    await deliver(new URL(new URL(String(trigger.url), server.url).pathname, server.url).href, { name: 'Ada' }, null)
    await sample.getByText(/^Captured /).waitFor()
    await sample.getByText('Ada').waitFor()
    await accessible(page)
    await shot(page, '38-sample')
    expect(((await api(page, 'GET', `/runs?workflow_id=${String(made.id)}`)).items as object[]).length === 0, 'no run of an inactive trigger')
    await sample.getByRole('button', { name: 'Test with this event' }).click()
    await page.waitForURL(/\/runs\//)
    const run = page.url().split('/runs/')[1]?.slice(0, 36) ?? ''
    let output: unknown
    for (let i = 0; i < 100 && output === undefined; ++i) {
      const seen = await api(page, 'GET', `/runs/${run}/steps/a`)
      if (seen.state === 'success') output = seen.output
      else await page.waitForTimeout(200)
    }
    expect(JSON.stringify(output) === '{"text":"Ada by POST"}', `the event's values, not ${JSON.stringify(output)}`)
  })
}
