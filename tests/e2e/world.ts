// What the parts of the browser tests share: the server, the page of the person who is signed in, and how a person acts on it.
import type { Page } from 'playwright-core'
import { expect, shot } from './harness.ts'
import type { Server } from './server.ts'

export const owner = { tenant: 'Acme Weaving', name: 'Grace Hopper', email: 'grace@acme.test', password: 'a long enough password' }
/** The longest wait for a run to end. */
export const wait_ms = 30_000

export interface World {
  server: Server
  page: Page
  hook: { url: string; secret: string | null }
  workflow: string
}

/** Calls the API as the page would: same cookie, same rules. */
export async function api(page: Page, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  return page.evaluate(async ([m, p, b]) => {
    const answer = await fetch(`/api/v1${p}`, { method: m, headers: { 'content-type': 'application/json', 'x-weft-csrf': '1' }, body: b ?? null })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${m} ${p}: ${answer.status} ${text}`)
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  }, [method, path, body === undefined ? undefined : JSON.stringify(body)] as const)
}

/** Asks GraphQL as the page would. */
export async function graphql(page: Page, query: string, variables: object = {}): Promise<Record<string, unknown>> {
  return page.evaluate(async (body) => {
    const answer = await fetch('/v1/graphql', { method: 'POST', headers: { 'content-type': 'application/json', 'x-weft-csrf': '1' }, body })
    return (await answer.json()) as Record<string, unknown>
  }, JSON.stringify({ query, variables }))
}

/** Waits until the form has put the cursor into its first field; what is typed before may land elsewhere. */
export async function focused(page: Page, name: string): Promise<void> {
  await page.waitForFunction((wanted) => document.activeElement?.getAttribute('name') === wanted, name)
}

/** Types a whole new text into the code editor. */
export async function edit(page: Page, text: string, within = ''): Promise<void> {
  await page.click(`${within} .cm-content`)
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(text)
}

/** What is shown only once stays through everything that closes other dialogs, and goes when the person says that it is stored. */
export async function keptUntilStored(page: Page): Promise<void> {
  const once = page.locator('[data-testid=once]')
  const secret = once.locator('code').last()
  const text = await secret.innerText()
  await shot(page, '18-shown-once')
  await once.getByRole('button', { name: 'Copy' }).last().click()
  await page.keyboard.press('Escape')
  await page.mouse.click(5, 5)
  await page.goBack()
  await page.keyboard.press('Control+S')
  expect((await secret.innerText()) === text, 'the secret to stay after Escape, a click beside it, the way back and Ctrl+S')
  const close = page.locator('[data-testid=once-close]')
  expect(await close.isDisabled(), 'no closing before the person says that it is stored')
  await page.getByLabel('I have stored it').check()
  await close.click()
  await once.waitFor({ state: 'hidden' })
}
