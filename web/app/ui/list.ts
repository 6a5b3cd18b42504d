import type { Ref } from 'vue'
import type { Page, Problem } from '~/shared/api'
import type { Load } from '~/shared/load'

/** What a list panel needs of a list; useList and useRuns give it. */
export interface ListSource<T> {
  state: Readonly<Ref<Load<Page<T>>>>
  reload: () => unknown
  more: () => Promise<void>
  moreBusy: Readonly<Ref<boolean>>
  moreError: Readonly<Ref<Problem | null>>
}
export interface Emptiness {
  icon: string
  title: string
  text: string
}
export interface Column {
  /** Names the slot that fills the column's cells. */
  key: string
  title: string
  /** Said to screen readers only. */
  silent?: boolean
  end?: boolean
  /** Names the row: it comes first where a row stands as a block. */
  lead?: boolean
  /** Left out where there is little room. */
  roomy?: boolean
}
