// Apps, connections and API tokens.
import { accessible, expect, shot, test } from './harness.ts'
import { api, focused, graphql, keptUntilStored, type World } from './world.ts'

export async function credentials({ page, server }: World): Promise<void> {
  const canary = 'canary-7f3a9c-never-shown'
  await test('a connection is stored, and its credential never comes back', async () => {
    const app = await api(page, 'POST', '/apps', { key: 'shop', name: 'Shop' })
    const version = await api(page, 'POST', `/apps/${String(app.id)}/versions`, {
      manifest: { base_url: 'https://shop.example.com', auth: { kind: 'api_key', in: 'header', name: 'X-Api-Key' } },
    })
    await api(page, 'POST', `/app-versions/${String(version.id)}/publish`, {})
    await page.goto(`${server.url}/connections`)
    await page.click('[data-testid=create]')
    await page.locator('[data-testid=connection-app]').click()
    await page.getByRole('option', { name: 'Shop' }).click()
    await page.fill('[name=field-api_key]', canary)
    await shot(page, '10-connection')
    await page.click('[role=dialog] [type=submit]')
    await page.locator('table').getByText('shop', { exact: true }).waitFor()
    await accessible(page)
    const answer = JSON.stringify([await api(page, 'GET', '/connections'), await graphql(page, '{ connections { id key name auth_kind state } }')])
    expect(answer.includes('"shop"') && !answer.includes(canary) && !(await page.content()).includes(canary), 'no credential in the answer or the page')
  })
  await test('an app page shows versions and actions', async () => {
    await page.goto(`${server.url}/apps`)
    await page.getByRole('link', { name: 'Shop' }).click()
    await page.getByText('Version 1.0').waitFor()
    await accessible(page)
    await shot(page, '11-app')
  })
  await test('an API token is shown once and can be revoked', async () => {
    await page.locator('nav a', { hasText: 'API tokens' }).click()
    await page.waitForURL('**/settings/tokens')
    await page.click('[data-testid=create]')
    await focused(page, 'name')
    await page.fill('[role=dialog] [name=name]', 'ci')
    await page.click('[role=dialog] [type=submit]')
    await page.locator('[role=dialog]').getByText(/^weft_/).waitFor()
    await keptUntilStored(page)
    await page.locator('table').getByText('ci', { exact: true }).waitFor()
    await accessible(page)
    await page.getByRole('button', { name: 'Delete token ci' }).click()
    await page.click('[role=dialog] [type=submit]')
    await page.getByText('No tokens yet').waitFor()
  })
}
