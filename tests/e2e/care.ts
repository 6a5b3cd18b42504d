// Nothing is lost by a slip of the hand: what changes for good is asked for first, and what was typed is not thrown away in silence.
import type { Page } from 'playwright-core'
import { accessible, expect, shot, test } from './harness.ts'
import { api, edit, wait_ms, type World } from './world.ts'

const question = '[data-testid=confirm]'

async function answer(page: Page, yes: boolean): Promise<void> {
  await page.locator(question).getByRole('button').nth(yes ? 1 : 0).click()
  await page.locator(question).waitFor({ state: 'hidden' })
}

async function textOfEditor(page: Page, within = ''): Promise<string> {
  return (await page.locator(`${within} .cm-line`).allInnerTexts()).join('\n')
}

async function drafts({ page, server, workflow }: World): Promise<void> {
  await test('Ctrl+S keeps the draft, and unsaved changes are not left without a question', async () => {
    await page.goto(`${server.url}/workflows/${workflow}`)
    await page.locator('.cm-content').waitFor()
    const before = await textOfEditor(page)
    await edit(page, `# first\n${before}`)
    await page.keyboard.press('Control+S')
    await page.getByText('Draft saved.').waitFor()
    await page.locator('[data-testid=draft-standing]:not(.unsaved)').waitFor()
    await edit(page, `# second\n${before}`)
    await page.locator('nav a', { hasText: 'Apps' }).click()
    await page.locator(question).waitFor()
    await shot(page, '15-unsaved')
    await accessible(page)
    await answer(page, false)
    expect(page.url().includes(workflow) && (await textOfEditor(page)).startsWith('# second'), 'to stay, with what was typed')
    await page.locator('nav a', { hasText: 'Apps' }).click()
    await answer(page, true)
    await page.waitForURL('**/apps')
  })
  await test('publishing asks first, and an older version can be put into the draft again', async () => {
    await page.goto(`${server.url}/workflows/${workflow}`)
    await page.locator('.cm-content').waitFor()
    await edit(page, 'name: greeting\nsteps:\n  - id: other\n    uses: core/map\n    with: {n: 1}\n')
    await page.dblclick('[data-testid=publish]')
    await page.locator(question).getByText('takes the place of version 1').waitFor()
    await answer(page, false)
    expect((await page.getByText('Version 2').count()) === 0, 'nothing to be published without an answer')
    await page.click('[data-testid=publish]')
    await answer(page, true)
    await page.getByText('Version 2').first().waitFor()
    await page.getByRole('tab', { name: 'Versions' }).click()
    await page.getByRole('button', { name: /^Version 1/ }).click()
    await page.locator('.cm-line', { hasText: 'hello' }).first().waitFor()
    await page.click('[data-testid=restore-version]')
    await answer(page, true)
    await page.locator('.cm-line', { hasText: 'hello' }).first().waitFor()
    await page.click('[data-testid=publish]')
    await answer(page, true)
    await page.getByText('Version 3').first().waitFor()
  })
  await test('a draft that differs from what runs says so, here and on the list', async () => {
    const standing = page.locator('[data-testid=draft-standing]')
    await standing.getByText('Same as version 3').waitFor()
    await edit(page, 'name: greeting\nsteps:\n  - id: other\n    uses: core/map\n    with: {n: 2}\n')
    await page.keyboard.press('Control+S')
    await standing.getByText('Saved, differs from version 3').waitFor()
    await page.goto(`${server.url}/workflows`)
    await page.locator('tr', { hasText: 'greeting' }).locator('[data-testid=draft-differs]').waitFor()
  })
}

async function states(world: World): Promise<void> {
  const { page, server, workflow, hook } = world
  const change = async (what: string) => {
    await page.click('[data-testid=workflow-menu]')
    await page.locator('.v-list-item', { hasText: `${what} workflow` }).click()
    await page.locator('[role=dialog]').getByText(`${what} workflow?`).waitFor()
    await page.click('[role=dialog] [type=submit]')
    await page.locator('[role=dialog]').waitFor({ state: 'hidden' })
  }
  const standing = page.locator('[data-testid=standing]')
  const sent = async () => (await fetch(hook.url, { method: 'POST', body: '{}' })).status
  await test('a workflow is switched off, archived, found again, restored and switched on, each after a question', async () => {
    await page.goto(`${server.url}/workflows/${workflow}`)
    await change('Deactivate')
    await standing.getByText('Inactive').waitFor()
    expect(await page.locator('[data-testid=run-now]').isDisabled(), 'nothing to be started by hand')
    await shot(page, '19-inactive')
    await accessible(page)
    await change('Archive')
    await standing.getByText('Archived').waitFor()
    await page.goto(`${server.url}/workflows`)
    await page.locator('table').waitFor()
    expect((await page.locator('tr', { hasText: 'greeting' }).count()) === 0, 'an archived workflow to be off the list')
    await page.goto(`${server.url}/workflows?state=archived`)
    await page.locator('tr', { hasText: 'greeting' }).locator('a').click()
    await change('Restore')
    await change('Activate')
    await standing.waitFor({ state: 'hidden' })
  })
  await test('what a trigger did not take stands on it, with the reason', async () => {
    expect((await sent()) === 401, 'an unsigned delivery to be refused')
    await page.goto(`${server.url}/workflows/${workflow}?tab=triggers`)
    const refused = page.locator('[data-testid=refused]')
    await refused.waitFor({ timeout: wait_ms })
    await refused.locator('summary').click()
    await refused.getByText('The signature is missing').first().waitFor()
    await accessible(page)
    await shot(page, '20-refused')
  })
}

async function apps({ page, server }: World): Promise<void> {
  const app = await api(page, 'POST', '/apps', { key: 'careful', name: 'Careful' })
  await api(page, 'POST', `/apps/${String(app.id)}/versions`, { manifest: { base_url: 'https://careful.example.com', auth: { kind: 'none' } } })
  const dialog = '[role=dialog]'
  await test('the manifest is kept with Ctrl+S, and Escape does not throw away what was typed', async () => {
    await page.goto(`${server.url}/apps/${String(app.id)}`)
    await page.getByRole('button', { name: 'Edit manifest' }).click()
    await edit(page, '{"base_url": "https://other.example.com", "auth": {"kind": "none"}}', dialog)
    await page.keyboard.press('Escape')
    await page.locator(question).waitFor()
    await answer(page, false)
    expect((await textOfEditor(page, dialog)).includes('other.example.com'), 'what was typed to be there')
    await page.click(`${dialog} .cm-content`)
    await page.keyboard.press('Control+S')
    await page.locator(dialog).waitFor({ state: 'hidden' })
    await page.getByText('"https://other.example.com"').waitFor()
  })
  await test('publishing a version of an app asks, and nothing else comes to stand under the pointer', async () => {
    const button = page.locator('[data-testid=publish-version]')
    const box = await button.boundingBox()
    expect(box !== null, 'the button')
    await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2)
    await page.locator(dialog).getByText('Publish version 1.0?').waitFor()
    await shot(page, '16-publish-asks')
    await page.click(`${dialog} [type=submit]`)
    await page.getByText('Version published.').waitFor()
    await button.waitFor({ state: 'hidden' })
    const there = await page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.closest('button')?.textContent ?? '', [box.x + box.width / 2, box.y + box.height / 2] as const)
    expect(!/deprecate/i.test(there), `no other deed in the place of Publish, but "${there}"`)
    await page.getByRole('button', { name: 'More actions for version 1.0' }).click()
    await page.getByText('Deprecate version').click()
    await page.locator(dialog).getByText('cannot be undone').waitFor()
    await page.click(`${dialog} [type=submit]`)
    await page.locator('h2', { hasText: 'Deprecated' }).waitFor()
  })
  await test('broken JavaScript of actions is told before their version is published, and long numbers keep their digits', async () => {
    const version = await api(page, 'POST', `/apps/${String(app.id)}/versions`, { manifest: { base_url: 'https://careful.example.com', auth: { kind: 'none' } } })
    const broken = { key: 'broken', name: 'Broken', definition: { method: 'GET', path: '/x', query: { q: '{{ input.q ?? }}', r: '{{ input.r + }}' } } }
    await api(page, 'POST', `/app-versions/${String(version.id)}/actions`, broken)
    await page.reload()
    await page.getByRole('button', { name: 'New action' }).click()
    const long = '12345678901234567890'
    await edit(page, `{"key": "long", "name": "Long", "definition": {"method": "POST", "path": "/x", "body": {"id": ${long}}}}`, dialog)
    await page.click(`${dialog} [type=submit]`)
    await page.locator('summary', { hasText: 'Long' }).click()
    await page.getByText(long, { exact: true }).waitFor()
    await page.locator('li.action', { hasText: 'Long' }).getByRole('button', { name: 'Edit' }).click()
    expect((await textOfEditor(page, dialog)).includes(long), 'all digits in the editor')
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.locator('[data-testid=publish-version]').click()
    await page.click(`${dialog} [type=submit]`)
    for (const name of ['q', 'r']) await page.locator(dialog).getByText(`actions.broken.definition.query.${name}`).waitFor()
    const told = await page.locator(`${dialog} [role=alert]`).innerText()
    expect(/line 1, column \d+: SyntaxError/.test(told), `line, column and what is wrong, but: ${told}`)
    await accessible(page)
    await shot(page, '23-publish-refused')
    await page.getByRole('button', { name: 'Cancel' }).click()
  })
}

export async function care(world: World): Promise<void> {
  await drafts(world)
  await states(world)
  await apps(world)
}
