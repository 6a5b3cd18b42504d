import {
  mdiAlertCircle, mdiCancel, mdiCheckCircle, mdiCircleOffOutline, mdiClockOutline, mdiDebugStepOver, mdiLoading,
  mdiPauseCircleOutline,
} from '@mdi/js'
import type { StepState } from '~/shared/api'

/** Sign and colour of a state. Never colour alone: the sign and the word tell it too. */
export const state_look: Readonly<Record<StepState, { icon: string; color: string }>> = {
  queued: { icon: mdiClockOutline, color: 'muted' },
  running: { icon: mdiLoading, color: 'info' },
  waiting: { icon: mdiPauseCircleOutline, color: 'warning' },
  success: { icon: mdiCheckCircle, color: 'success' },
  failed: { icon: mdiAlertCircle, color: 'error' },
  canceled: { icon: mdiCancel, color: 'muted' },
  skipped: { icon: mdiDebugStepOver, color: 'muted' },
  not_reached: { icon: mdiCircleOffOutline, color: 'muted' },
}
