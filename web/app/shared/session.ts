import { computed, shallowRef, type ComputedRef, type Ref } from 'vue'
import type { Api, AuthStatus } from './api'

export interface Session {
  status: Readonly<Ref<AuthStatus | null>>
  signedIn: ComputedRef<boolean>
  /** True when the person may change things; the server decides in any case. */
  canBuild: ComputedRef<boolean>
  canAdmin: ComputedRef<boolean>
  /** Asks the server who we are; `force` even when that is known. */
  load: (force?: boolean) => Promise<AuthStatus>
  /** Forgets who we are: after logout, or when the server no longer knows the session. */
  forget: () => void
}

export function createSession(api: Api): Session {
  const status = shallowRef<AuthStatus | null>(null)
  let pending: Promise<AuthStatus> | null = null

  async function load(force = false): Promise<AuthStatus> {
    if (!force && status.value !== null) return status.value
    pending ??= api.auth.status().finally(() => (pending = null))
    const fresh = await pending
    status.value = fresh
    return fresh
  }
  const role = computed(() => status.value?.role ?? null)
  return {
    status,
    signedIn: computed(() => status.value?.user != null),
    canBuild: computed(() => role.value !== null && role.value !== 'viewer'),
    canAdmin: computed(() => role.value === 'owner' || role.value === 'admin'),
    load,
    forget: () => (status.value = null),
  }
}

/** Only a path of our own may follow a login: "//host" and "https:" would lead elsewhere, as would "/", a tab, "/host": URLs lose tabs. */
export function safeNext(next: unknown): string {
  // eslint-disable-next-line no-control-regex
  return typeof next === 'string' && /^\/(?!\/)[^\u0000-\u0020\\]*$/.test(next) ? next : '/runs'
}

/** Arguments of navigateTo for where a login leads. What is no page of this application is one of the server's, such as /graphql. */
export function afterLogin(next: unknown, isPage: (path: string) => boolean): [string, { external: boolean }] {
  const to = safeNext(next)
  return [to, { external: !isPage(to) }]
}
