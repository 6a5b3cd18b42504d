// Starts the real `weft serve` on a folder of its own and a free port, or uses the server that WEFT_URL names.
import { execFileSync, spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Server {
  url: string
  claimToken: string
  /** Makes a member with the password of another. No operation does yet, so it is done in the database. */
  addMember: (email: string, name: string, role: string, like: string) => Promise<void>
  stop: () => Promise<void>
}

const start_ms = 120_000

export async function startServer(root: string): Promise<Server> {
  const url = process.env.WEFT_URL
  if (url !== undefined) return { url: url.replace(/\/$/, ''), claimToken: process.env.WEFT_CLAIM_TOKEN ?? '', addMember: () => Promise.reject(new Error('members are made only where the test starts the server itself')), stop: async () => undefined }

  const bin = process.env.WEFT_BIN ?? join(root, 'build/release/bin/weft')
  const data = await mkdtemp(join(tmpdir(), 'weft-e2e-'))
  const args = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--web', join(root, 'web/dist')]
  const child = spawn(bin, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  const ready = new Promise<{ url: string; claimToken: string }>((resolve, reject) => {
    const timer = setTimeout(() => fail(`did not say where it is within ${start_ms / 1000} s`), start_ms)
    function fail(why: string): void {
      clearTimeout(timer)
      reject(new Error(`${bin}: ${why}\n${said.slice(-4_000)}`))
    }
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => fail(`ended with ${String(code)} before it was ready`))
    const hear = (chunk: Buffer) => {
      said += chunk.toString()
      const link = /(https?:\/\/[^\s"]+)\/claim#token=([^\s"]+)/.exec(said)
      if (link?.[1] === undefined || link[2] === undefined) return
      clearTimeout(timer)
      resolve({ url: link[1], claimToken: link[2] })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
  })
  async function stop(): Promise<void> {
    child.kill('SIGTERM')
    const hard = setTimeout(() => child.kill('SIGKILL'), 15_000)
    if (child.exitCode === null && child.signalCode === null) await ended
    clearTimeout(hard)
    await rm(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  try {
    return { ...(await ready), addMember: (...person) => addMember(data, ...person), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function addMember(data: string, email: string, name: string, role: string, like: string): Promise<void> {
  const socket = (await readFile(join(data, 'postgres/postmaster.pid'), 'utf8')).split('\n')[4] ?? ''
  const sql = `with person as (
      insert into weft.app_user (id, email, name, password_hash)
      select :'id', :'email', :'name', password_hash from weft.app_user where email = :'like' returning id
    ) insert into weft.membership (tenant_id, user_id, role) select t.id, p.id, :'role' from weft.tenant as t, person as p`
  const values = Object.entries({ id: randomUUID(), email, name, role, like }).flatMap(([key, value]) => ['-v', `${key}=${value}`])
  execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', ...values, `host=${socket} user=postgres dbname=weft`], {
    input: sql, env: { ...process.env, PGPASSWORD: (await readFile(join(data, 'secrets/postgres'), 'utf8')).trim() },
  })
}

/** Delivers one event to a webhook, signed when a secret is given. */
export async function deliver(url: string, body: unknown, secret: string | null): Promise<string> {
  const text = JSON.stringify(body)
  const timestamp = String(Math.floor(Date.now() / 1000))
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (secret !== null) {
    headers['x-weft-timestamp'] = timestamp
    headers['x-weft-signature'] = `sha256=${createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex')}`
  }
  const answer = await fetch(url, { method: 'POST', headers, body: text })
  const said = await answer.text()
  if (answer.status !== 202) throw new Error(`webhook answered ${answer.status}: ${said}`)
  return String((JSON.parse(said) as { run_id: string }).run_id)
}
