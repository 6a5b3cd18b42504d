import { statusOf, toProblem } from '~/shared/api'
import { useWeft } from '~/shared/context'

const open_paths = ['/login', '/claim', '/approve']

/** Decides where a visitor may be: claim first, then sign in, then everything. */
export default defineNuxtRouteMiddleware(async (to) => {
  const { session } = useWeft()
  try {
    const status = await session.load()
    if (open_paths.includes(to.path)) {
      return status.user && to.path === '/login' ? navigateTo('/runs') : undefined
    }
    if (!status.claimed) return navigateTo('/claim')
    if (!status.user) return navigateTo({ path: '/login', query: to.path === '/' ? {} : { next: to.fullPath } })
  } catch (error) {
    const problem = toProblem(error)
    return abortNavigation(createError({ statusCode: statusOf(problem) ?? 503, message: problem.detail, fatal: true }))
  }
})
