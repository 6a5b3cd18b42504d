// Claiming, signing in, and what a stranger gets.
import { foreignPages } from './foreign.ts'
import { accessible, committedSchema, expect, schemaTool, shot, test } from './harness.ts'
import { focused, graphql, owner, type World } from './world.ts'

export async function people({ server, page }: World): Promise<void> {
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
  await test('a login may lead to a page of the server', async () => {
    const stranger = await page.context().browser()!.newContext()
    const other = await stranger.newPage()
    await other.goto(`${server.url}/login?next=/graphql`)
    await other.fill('[name=email]', owner.email)
    await other.fill('[name=password]', owner.password)
    await other.click('[type=submit]')
    await other.waitForURL('**/graphql')
    await other.waitForFunction(() => document.title === 'Weft GraphQL')
    await stranger.close()
  })
}

export async function contract({ server, page }: World): Promise<void> {
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
