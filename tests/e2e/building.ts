// Making a workflow and its webhook.
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
}
