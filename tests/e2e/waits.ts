// Runs that wait: what the run page says of it, and the people who answer, by a link or signed in.
import type { Page } from 'playwright-core'
import { accessible, expect, shot, test } from './harness.ts'
import { faultsInSight } from './sight.ts'
import { api, focused, owner, wait_ms, type World } from './world.ts'

const form = {
  type: 'object', required: ['account', 'urgent'],
  properties: {
    account: { type: 'string', title: 'Account', description: 'Where the money comes from' }, amount: { type: 'number', title: 'Amount' },
    urgent: { type: 'boolean', title: 'Is it urgent?' }, from: { enum: ['Berlin', 'Paris'], title: 'Office' },
  },
}
const ask = (more: object) => ({ uses: 'core/approval', with: { title: 'Pay 120 EUR to Acme?', description: 'Invoice 4711,\ndue on Friday', ...more } })

/** A run of a workflow of these steps, once all of them wait. */
async function begin(page: Page, key: string, steps: readonly { id: string }[]): Promise<string> {
  const flow = await api(page, 'POST', '/workflows', { key, name: `Waits: ${key}`, definition: { name: key, steps } })
  await api(page, 'POST', `/workflows/${String(flow.id)}/publish`, {})
  const run = String((await api(page, 'POST', `/workflows/${String(flow.id)}/runs`, { input: {} })).run_id)
  await page.goto(new URL(`/runs/${run}`, page.url()).href)
  for (const { id } of steps) await page.locator(`[data-step=${id}][data-state=waiting]`).waitFor({ timeout: wait_ms })
  return run
}

async function address(page: Page, step: string): Promise<string> {
  await page.click(`[data-step=${step}]`)
  await page.locator('[data-testid=step-panel]').getByRole('heading', { name: step }).waitFor()
  return page.locator('[data-testid=wait] code', { hasText: '://' }).innerText()
}

async function signIn(page: Page, email: string): Promise<void> {
  await focused(page, 'email')
  await page.fill('[name=email]', email)
  await page.fill('[name=password]', owner.password)
  await page.click('[type=submit]')
}

async function fine(page: Page, label: string): Promise<void> {
  // A message that fades in is faint for a while.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await accessible(page)
  const faults = await faultsInSight(page, label)
  expect(faults.length === 0, `no faults, but:\n${faults.join('\n')}`)
}

export async function waits(world: World): Promise<void> {
  const { page, server } = world
  const browser = page.context().browser()!
  const newcomer = async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 850 }, colorScheme: 'light' })
    context.setDefaultTimeout(15_000)
    return context.newPage()
  }
  const panel = page.locator('[data-testid=wait]')

  await test('a run says what its steps wait for, and its callback goes on where it was called', async () => {
    await begin(page, 'answers', [
      Object.assign({ id: 'call' }, { uses: 'core/callback', with: { timeout: '3d' } }),
      Object.assign({ id: 'paid' }, { uses: 'core/event', with: { event: 'invoice.paid', key: '4711', timeout: '30d' } }),
      Object.assign({ id: 'nap' }, { uses: 'core/sleep', with: { for: '2d' } }),
    ])
    await page.locator('[data-step=paid]').getByText('for invoice.paid · 4711').waitFor()
    await page.click('[data-step=nap]')
    await panel.getByText('Goes on at').waitFor()
    await page.click('[data-step=paid]')
    await panel.getByText('The event has to come until').waitFor()
    const url = await address(page, 'call')
    await panel.getByText('Somebody has to call its address until').waitFor()
    await panel.getByRole('button', { name: 'Copy' }).waitFor()
    await fine(page, 'run-waits')
    await shot(page, '40-run-waits')
    expect((await fetch(url, { method: 'POST' })).status === 202, 'the callback to be taken')
    await page.locator('[data-step=call][data-state=success]').waitFor({ timeout: wait_ms })
    await panel.waitFor({ state: 'detached' })
    await api(page, 'POST', '/events', { name: 'invoice.paid', key: '4711' })
    await page.locator('[data-step=paid][data-state=success]').waitFor({ timeout: wait_ms })
  })
  await test('whoever is not given the address is told so', async () => {
    await page.route('**/v1/graphql', async (route) => {
      if (!(route.request().postData() ?? '').includes('RunStep')) return route.continue()
      const answer = await route.fetch()
      return route.fulfill({ response: answer, body: (await answer.text()).replace(/"url":"[^"]*"/, '"hidden":true') })
    })
    await begin(page, 'hidden', [Object.assign({ id: 'call' }, { uses: 'core/callback', with: {} })])
    await page.click('[data-step=call]')
    await panel.getByText('The address is not shown to you.').waitFor()
    expect((await panel.locator('code').count()) === 0, 'no address')
    await page.unroute('**/v1/graphql')
  })
  await test('who has the link fills in the form, may answer a question with no, and finds it again after a reload', async () => {
    await begin(page, 'link', [Object.assign({ id: 'ask' }, ask({ form })), Object.assign({ id: 'other' }, ask({ title: 'And the other one?' }))])
    const [link, second] = [await address(page, 'ask'), await address(page, 'other')]
    const other = await newcomer()
    await other.goto(link)
    await other.getByRole('heading', { name: 'Pay 120 EUR to Acme?' }).waitFor()
    expect(!other.url().includes('#'), 'no token in the address bar')
    await other.reload()
    await other.getByRole('heading', { name: 'Pay 120 EUR to Acme?' }).waitFor()
    await fine(other, 'approve')
    await other.getByRole('button', { name: 'Approve' }).click()
    expect((await other.getByText('Fill this in to approve').count()) === 2, 'what is missing to be told at two fields')
    await other.waitForFunction(() => document.activeElement?.getAttribute('name') === 'form.account')
    await fine(other, 'approve-missing')
    await other.getByLabel('Account').fill('A1')
    await other.getByLabel('Amount').fill('a lot')
    await other.getByRole('radio', { name: 'No' }).check()
    await other.getByRole('button', { name: 'Approve' }).click()
    await other.locator('.v-input--error', { hasText: 'Amount' }).waitFor()
    await fine(other, 'approve-refused')
    await other.getByLabel('Amount').fill('120.5')
    await other.getByRole('button', { name: 'Approve' }).click()
    await other.getByRole('heading', { name: 'Approved', exact: true }).waitFor()
    expect(await other.evaluate(() => document.activeElement?.id === 'page-title'), 'the focus at the outcome')
    await fine(other, 'approve-done')
    await page.locator('[data-step=ask][data-state=success]').waitFor({ timeout: wait_ms })
    await page.click('[data-step=ask]')
    await page.locator('[data-testid=step-output]').getByText('false', { exact: true }).first().waitFor()
    await other.reload()
    await other.getByRole('heading', { name: 'There is nothing left to decide here' }).waitFor()
    await fine(other, 'approve-over')
    // Another link in the same tab loads no page.
    await other.goto(second)
    await other.getByRole('heading', { name: 'And the other one?' }).waitFor()
    await other.getByRole('button', { name: 'Reject' }).click()
    await other.getByRole('heading', { name: 'Rejected', exact: true }).waitFor()
    await other.goto(`${server.url}/approve#not-a-token`)
    await other.getByRole('heading', { name: 'This link leads to no approval' }).waitFor()
    await fine(other, 'approve-unknown')
    await other.context().close()
  })
  await test('an approval whose time is over says so', async () => {
    const run = await begin(page, 'late', [Object.assign({ id: 'ask' }, ask({ timeout: '3s', approvers: ['role:viewer'], 'on-timeout': 'continue' }))])
    await page.locator('[data-step=ask][data-state=success]').waitFor({ timeout: wait_ms })
    await page.goto(`${server.url}/approvals/${run}/ask`)
    await page.getByText('Its time is over').waitFor()
    await fine(page, 'approval-late')
  })
  await members(world, newcomer)
}

/** Two of the people whom an approval names by their role: one approves, the other rejects, and has a veto. */
async function members({ page, server }: World, newcomer: () => Promise<Page>): Promise<void> {
  const panel = page.locator('[data-testid=wait]')
  await test('members named by their role decide after signing in, the run tells how many have, and a veto ends it', async () => {
    await server.addMember('ada@acme.test', 'Ada Lovelace', 'admin', owner.email)
    await server.addMember('ben@acme.test', 'Ben Viewer', 'viewer', owner.email)
    const run = await begin(page, 'members', [Object.assign({ id: 'ask' }, ask({ approvers: ['role:admin'], need: 2, veto: true, timeout: '5d' }))])
    await page.click('[data-step=ask]')
    await panel.getByText('Pay 120 EUR to Acme?').waitFor()
    await panel.getByText('0 of 2 approvals; one rejection decides').waitFor()
    await panel.getByText('any admin or owner').waitFor()
    await fine(page, 'run-approval')
    const link = await page.locator('[data-testid=step-output]').getByText('/approve#').innerText()

    const ada = await newcomer()
    await ada.goto(link.replaceAll('"', ''))
    await ada.getByText('Sign in to answer').waitFor()
    await fine(ada, 'approve-members')
    await ada.getByRole('link', { name: 'Sign in' }).click()
    await signIn(ada, 'ada@acme.test')
    await ada.waitForURL(`**/approvals/${run}/ask`)
    await ada.getByLabel('Comment').fill('As agreed')
    await fine(ada, 'approval')
    await ada.getByRole('button', { name: 'Approve' }).click()
    await ada.getByText('You have decided this. It waits for others.').waitFor()
    await fine(ada, 'approval-decided')
    await panel.getByText('1 of 2 approvals').waitFor()
    await panel.getByText('Approved by Ada Lovelace').waitFor()
    await shot(page, '41-run-approval')

    const ben = await newcomer()
    await ben.goto(`${server.url}/approvals/${run}/ask`)
    await signIn(ben, 'ben@acme.test')
    await ben.getByText('Others are named to decide this.').waitFor()
    expect((await ben.getByRole('button', { name: 'Approve' }).count()) === 0, 'no button for whom it does not name')
    await ben.goto(`${server.url}/approvals`)
    await ben.locator('[data-testid=approval]', { hasText: '1 of 2 approvals' }).getByRole('link', { name: 'Look at it' }).waitFor()

    await panel.getByRole('link', { name: 'Decide' }).waitFor()
    await page.goto(`${server.url}/approvals`)
    await fine(page, 'approvals')
    await page.locator('[data-testid=approval]', { hasText: '1 of 2 approvals' }).getByRole('link', { name: 'Decide' }).click()
    await page.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('It was rejected.').waitFor()
    await page.getByText(`Rejected by ${owner.name}`).waitFor()
    await ada.reload()
    await ada.getByText('It was rejected.').waitFor()
    await page.goto(`${server.url}/runs/${run}`)
    await page.locator('[data-step=ask][data-state=failed]').waitFor({ timeout: wait_ms })
    await page.locator('[data-testid=failure]').getByText(`Rejected by ${owner.name}`).waitFor()
    await ada.context().close()
    await ben.context().close()
  })
}
