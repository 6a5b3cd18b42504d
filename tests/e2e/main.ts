// What a newcomer does, in a real browser against the real server: claim, sign in, make a workflow, watch a run.
import type { Page } from 'playwright-core'
import { foreignPages } from './foreign.ts'
import { accessible, committedSchema, expect, launch, root, shot, schemaTool, summary, test, Watch } from './harness.ts'
import { deliver, startServer, type Server } from './server.ts'

const owner = { tenant: 'Acme Weaving', name: 'Grace Hopper', email: 'grace@acme.test', password: 'a long enough password' }
const wait_ms = 30_000

interface World {
  server: Server
  page: Page
  hook: { url: string; secret: string | null }
  workflow: string
}

/** Calls the API as the page would: same cookie, same rules. */
async function api(page: Page, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  return page.evaluate(async ([m, p, b]) => {
    const answer = await fetch(`/api/v1${p}`, { method: m, headers: { 'content-type': 'application/json', 'x-weft-csrf': '1' }, body: b ?? null })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${m} ${p}: ${answer.status} ${text}`)
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>
  }, [method, path, body === undefined ? undefined : JSON.stringify(body)] as const)
}

/** Waits until the form has put the cursor into its first field; what is typed before may land elsewhere. */
async function focused(page: Page, name: string): Promise<void> {
  await page.waitForFunction((wanted) => document.activeElement?.getAttribute('name') === wanted, name)
}

/** Types a whole new text into the code editor. */
async function edit(page: Page, text: string, within = ''): Promise<void> {
  await page.click(`${within} .cm-content`)
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(text)
}

const definition = [
  'name: greeting', 'steps:', '  - id: hello', '    uses: core/map', '    with:', '      text: "Hello {{ input.name }}"', '      n: "{{ 20 + 1 }}"',
  '  - id: twice', '    needs: [hello]', '    uses: core/map', '    with:', '      value: "{{ steps.hello.output.n * 2 }}"', 'output: "{{ steps.twice.output }}"', '',
].join('\n')

async function people({ server, page }: World): Promise<void> {
  await test('a visitor of an unclaimed server is told where the claim link is', async () => {
    await page.goto(`${server.url}/`)
    await page.waitForURL('**/claim')
    await page.getByText('claim link').first().waitFor()
  })
  await test('the claim link makes the first owner, and its token leaves the address', async () => {
    await page.goto('about:blank')
    await page.goto(`${server.url}/claim#token=${server.claimToken}`)
    await focused(page, 'tenant_name')
    await page.fill('[name=tenant_name]', owner.tenant)
    await page.fill('[name=name]', owner.name)
    await page.fill('[name=email]', owner.email)
    await page.fill('[name=password]', owner.password)
    expect(!page.url().includes(server.claimToken), 'no token in the address bar')
    await accessible(page)
    await shot(page, '01-claim')
    await page.click('[type=submit]')
    await page.waitForURL('**/runs')
    await page.getByText('No runs yet').waitFor()
    await shot(page, '02-runs-empty')
  })
  await test('signing out and in again; a wrong password is refused with a sentence', async () => {
    await page.getByRole('button', { name: /Account of/ }).click()
    await page.getByText('Sign out').click()
    await page.waitForURL('**/login')
    await focused(page, 'email')
    await page.fill('[name=email]', owner.email)
    await page.fill('[name=password]', 'not the password')
    await page.click('[type=submit]')
    await page.getByRole('alert').waitFor()
    await accessible(page)
    await page.fill('[name=password]', owner.password)
    await page.click('[type=submit]')
    await page.waitForURL('**/runs')
  })
  await test('a deep link waits behind the login', async () => {
    const stranger = await page.context().browser()!.newContext()
    const other = await stranger.newPage()
    await other.goto(`${server.url}/settings/tokens`)
    await other.waitForURL('**/login?next=/settings/tokens')
    await focused(other, 'email')
    await other.fill('[name=email]', owner.email)
    await other.fill('[name=password]', owner.password)
    await other.click('[type=submit]')
    await other.waitForURL('**/settings/tokens')
    await stranger.close()
  })
}

/** Asks GraphQL as the page would. */
async function graphql(page: Page, query: string, variables: object = {}): Promise<Record<string, unknown>> {
  return page.evaluate(async (body) => {
    const answer = await fetch('/v1/graphql', { method: 'POST', headers: { 'content-type': 'application/json', 'x-weft-csrf': '1' }, body })
    return (await answer.json()) as Record<string, unknown>
  }, JSON.stringify({ query, variables }))
}

async function contract({ server, page }: World): Promise<void> {
  await test('the committed schema is what the server gives', async () => {
    const { question, sdlOf } = await schemaTool()
    const given = sdlOf(await graphql(page, question))
    expect(given === committedSchema(), 'web/schema.graphql to be current: renew it with web/tools/schema.ts, then run web/tools/codegen.ts')
  })
  await test('a stranger gets no socket', async () => {
    const stranger = await page.context().browser()!.newContext()
    const other = await stranger.newPage()
    await other.goto(`${server.url}/login`)
    const heard = await other.evaluate(() => new Promise<string>((done) => {
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/v1/graphql`, 'graphql-transport-ws')
      socket.onopen = () => socket.send('{"type":"connection_init"}')
      socket.onmessage = (message) => done(String(message.data))
      socket.onclose = () => done('closed')
    }))
    expect(heard === 'closed', `no connection, but heard ${heard}`)
    await stranger.close()
  })
  await foreignPages(page, server.url, owner.tenant)
}

async function building(world: World): Promise<void> {
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
    const values = page.locator('[role=dialog]').filter({ hasText: 'Copy this now' }).locator('code')
    await values.first().waitFor()
    const [url, secret] = await values.allTextContents()
    expect(url?.includes('/hooks/'), 'the address')
    world.hook = { url: new URL(new URL(url).pathname, server.url).href, secret: secret ?? null }
    await page.keyboard.press('Escape')
    await page.locator('[data-testid=trigger]').getByText('Active').first().waitFor()
    await shot(page, '05-triggers')
  })
}

async function watching(world: World): Promise<void> {
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
    // Only the values of the step in view are asked for; its state comes by itself.
    expect(asked.every((body) => body.includes('RunStep')), `nothing else to be asked for meanwhile, but:\n${asked.join('\n')}`)
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

async function credentials({ page, server }: World): Promise<void> {
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
    const answer = JSON.stringify([await api(page, 'GET', '/connections'), await graphql(page, '{ connections { id key name auth_kind status } }')])
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
    await page.goto(`${server.url}/settings/tokens`)
    await page.click('[data-testid=create]')
    await focused(page, 'name')
    await page.fill('[role=dialog] [name=name]', 'ci')
    await page.click('[role=dialog] [type=submit]')
    await page.locator('[role=dialog]').getByText(/^weft_/).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('table').getByText('ci', { exact: true }).waitFor()
    await accessible(page)
    await page.getByRole('button', { name: 'Delete token ci' }).click()
    await page.click('[role=dialog] [type=submit]')
    await page.getByText('No tokens yet').waitFor()
  })
}

async function looks({ page, server }: World): Promise<void> {
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

async function main(): Promise<boolean> {
  let server: Server
  try {
    server = await startServer(root)
  } catch (error) {
    await test('weft serve starts', () => Promise.reject(error instanceof Error ? error : new Error(String(error))))
    return summary()
  }
  const browser = await launch()
  try {
    const context = await browser.newContext({ viewport: { width: 1360, height: 850 }, colorScheme: 'light' })
    context.setDefaultTimeout(15_000)
    const watch = new Watch(context, server.url)
    const world: World = { server, page: await context.newPage(), hook: { url: '', secret: null }, workflow: '' }
    for (const part of [people, contract, building, watching, credentials, looks]) await part(world)
    await test('no exception, no policy violation, no request to another host', async () => {
      expect(watch.faults.length === 0, `no faults, but:\n${[...new Set(watch.faults)].join('\n')}`)
    })
  } finally {
    await browser.close()
    await server.stop()
  }
  return summary()
}

process.exitCode = (await main()) ? 0 : 1
