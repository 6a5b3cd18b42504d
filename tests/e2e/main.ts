// What a newcomer does, in a real browser against the real server: claim, sign in, make a workflow, watch a run.
import { building } from './building.ts'
import { care } from './care.ts'
import { credentials } from './credentials.ts'
import { files } from './files.ts'
import { forms } from './forms.ts'
import { expect, launch, root, summary, test, Watch } from './harness.ts'
import { looks } from './looks.ts'
import { loops } from './loops.ts'
import { contract, people } from './people.ts'
import { reruns } from './reruns.ts'
import { samples } from './samples.ts'
import { startServer, type Server } from './server.ts'
import { allInSight, emptyInSight } from './sight.ts'
import { watching } from './watching.ts'
import { waits } from './waits.ts'
import type { World } from './world.ts'

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
    for (const part of [people, emptyInSight, contract, building, forms, files, samples, watching, loops, waits, reruns, credentials, care, allInSight, looks]) await part(world)
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
