// Theme, keyboard, phone, and addresses that lead nowhere.
import { accessible, expect, shot, test } from './harness.ts'
import type { World } from './world.ts'

export async function looks({ page, server }: World): Promise<void> {
  await test('dark is kept over a reload, and the page is as accessible in it', async () => {
    await page.goto(`${server.url}/runs`)
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme)
    while ((await theme()) !== 'dark') await page.click('[data-testid=theme]')
    await page.reload()
    await page.locator('tr[data-run]').first().waitFor()
    expect((await theme()) === 'dark', 'dark after the reload')
    await accessible(page)
    await shot(page, '12-runs-dark')
  })
  await test('the keyboard alone reaches the content, and focus follows the page', async () => {
    await page.goto(`${server.url}/runs`)
    await page.locator('tr[data-run]').first().waitFor()
    await page.keyboard.press('Tab')
    expect((await page.evaluate(() => document.activeElement?.textContent)) === 'Skip to content', 'the skip link first')
    await page.locator('nav a', { hasText: 'Workflows' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/workflows')
    await page.waitForFunction(() => document.activeElement?.id === 'page-title')
  })
  await test('a phone has everything behind a menu and no sideways scrolling', async () => {
    await page.setViewportSize({ width: 390, height: 800 })
    await page.goto(`${server.url}/runs`)
    await page.locator('tr[data-run]').first().waitFor()
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(wide <= 0, 'no sideways scrolling')
    await shot(page, '13-phone')
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: 'Connections' }).click()
    await page.waitForURL('**/connections')
    await page.setViewportSize({ width: 1360, height: 850 })
  })
  await test('an unknown page and an unknown run say so', async () => {
    await page.goto(`${server.url}/nowhere`)
    await page.getByText('There is no such page').waitFor()
    await page.goto(`${server.url}/runs/01890000-0000-7000-8000-000000000001`)
    await page.getByText('Not found').first().waitFor()
  })
}
