// Making a workflow, its webhook and its schedule.
import { accessible, expect, shot, test } from './harness.ts'
import { edit, focused, keptUntilStored, type World } from './world.ts'

const definition = [
  'name: greeting', 'steps:', '  - id: hello', '    uses: core/map', '    with:', '      text: "Hello {{ input.name }}"', '      n: "{{ 20 + 1 }}"',
  '  - id: twice', '    needs: [hello]', '    uses: core/map', '    with:', '      value: "{{ steps.hello.output.n * 2 }}"', 'output: "{{ steps.twice.output }}"', '',
].join('\n')

export async function building(world: World): Promise<void> {
  const { page, server } = world
  await test('a workflow is created, checked, corrected and published', async () => {
    await page.goto(`${server.url}/workflows`)
    await page.click('[data-testid=create]')
    await focused(page, 'name')
    await page.fill('[role=dialog] [name=name]', 'Greeting')
    await page.click('[role=dialog] [type=submit]')
    await page.waitForURL(/\/workflows\/[0-9a-f-]{36}/)
    world.workflow = new URL(page.url()).pathname.split('/')[2] ?? ''
    await edit(page, definition.replace('steps.hello.output', 'steps.missing.output'))
    await page.click('[data-testid=validate]')
    await page.locator('[data-testid=problems]').getByText('missing').first().waitFor()
    await shot(page, '03-workflow-problems')
    await edit(page, definition)
    await page.click('[data-testid=publish]')
    await page.locator('[data-testid=confirm] [type=submit]').click()
    await page.getByText('Version 1').first().waitFor()
    // The button turns until its answer is there, which may be after the version is.
    await page.locator('[data-testid=publish] .v-progress-circular').waitFor({ state: 'detached' })
    await accessible(page)
    await shot(page, '04-workflow')
  })
  await test('a webhook is added; its address and secret are shown', async () => {
    await page.getByRole('tab', { name: 'Triggers' }).click()
    await page.click('[data-testid=create-trigger]')
    await focused(page, 'name')
    await page.fill('[role=dialog] [name=name]', 'Shop')
    await page.click('[role=dialog] [type=submit]')
    const values = page.locator('[data-testid=once] code')
    await values.first().waitFor()
    const [url, secret] = await values.allTextContents()
    expect(url?.includes('/hooks/'), 'the address')
    world.hook = { url: new URL(new URL(url).pathname, server.url).href, secret: secret ?? null }
    await keptUntilStored(page)
    await page.locator('[data-testid=trigger]').getByText('Active').first().waitFor()
    await shot(page, '05-triggers')
  })
  await test('a schedule is said in words, shown before it is saved, changed and deleted', async () => {
    await page.click('[data-testid=create-schedule]')
    await focused(page, 'name')
    await page.fill('[role=dialog] [name=name]', 'Fortnightly')
    await page.fill('[role=dialog] [name=rule]', '2 weeks on Moonday')
    await page.getByText('"moonday" was found where a day').waitFor()
    await page.fill('[role=dialog] [name=rule]', '2 weeks on Monday at 9:00')
    const next = page.locator('[data-testid=next-fires] li')
    await next.first().waitFor()
    const times = await next.allTextContents()
    expect(times.length === 5 && times.every((time) => time.startsWith('Mon ') && time.includes(' 09:00:00 ')), `five Mondays, but: ${times.join(', ')}`)
    await accessible(page)
    await shot(page, '05-schedule')
    await page.click('[role=dialog] [type=submit]')
    const row = page.locator('[data-testid=schedule]')
    await row.getByText('every 2 weeks on Monday at 9:00').waitFor()
    await row.getByText(/^next /).waitFor()
    await page.getByRole('button', { name: 'More actions for Fortnightly' }).click()
    await page.getByRole('menuitem', { name: 'Edit' }).or(page.getByText('Edit', { exact: true })).last().click()
    await page.fill('[role=dialog] [name=rule]', 'day at 17:30')
    await next.first().getByText('17:30:00').waitFor()
    await page.click('[role=dialog] [type=submit]')
    await row.getByText('every day at 17:30').waitFor()
    await row.getByRole('switch').or(row.locator('input[type=checkbox]')).first().click()
    await row.getByText('Inactive').waitFor()
    await shot(page, '05-schedules')
    await page.getByRole('button', { name: 'More actions for Fortnightly' }).click()
    await page.getByText('Delete', { exact: true }).last().click()
    await page.locator('[role=dialog] [type=submit]').last().click()
    await row.waitFor({ state: 'detached' })
  })
}
