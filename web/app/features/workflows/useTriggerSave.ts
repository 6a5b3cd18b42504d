import { useAction } from '~/shared/action'
import type { Json } from '~/shared/api'
import { useWeft } from '~/shared/context'
import type { WorkflowId } from '~/shared/ids'
import type { Trigger } from './workflows.data'

/** Makes a trigger of a workflow and switches it on, or changes the one that is edited; then `done`. One that could not be switched on is made all the same. */
export function useTriggerSave(target: () => { workflow: WorkflowId; trigger: Trigger | null; kind: string; name: string; config: Json }, done: () => void) {
  const { api, notify } = useWeft()
  return useAction(async (key) => {
    const { workflow, trigger, kind, name, config } = target()
    if (trigger !== null) {
      await api.triggers.change(trigger.id, { name, config })
    } else {
      const made = await api.triggers.create(workflow, { kind, name, config }, key)
      try {
        await api.triggers.setActive(made.id, true)
      } catch (error) {
        notify.failed(error)
      }
    }
    done()
  })
}
