import type { WorkflowTriggersQuery } from '~/shared/graphql/generated'
import type { MessageKey } from '~/shared/i18n'

type Row = WorkflowTriggersQuery['triggers'][number]['refused_deliveries'][number]
export type Refusal = Row & { id: string }

/** Deliveries of one kind are one row; together these columns tell it from the others. */
export function toRefusals(rows: readonly Row[]): Refusal[] {
  return rows.map((row) => ({ ...row, id: [row.reason, row.status, row.content_type, row.address].join(' ') }))
}

const reasons: Readonly<Record<string, MessageKey>> = {
  'signature': 'refused.signature', 'rate': 'refused.rate', 'input': 'refused.input', 'body': 'refused.body', 'body-limit': 'refused.body-limit', 'overload': 'refused.overload', 'spam': 'refused.spam', 'depth': 'refused.depth', 'method': 'refused.method',
  'inactive': 'refused.inactive', 'filtered': 'refused.filtered', 'address': 'refused.address.outside', 'other': 'refused.other',
  'failed': 'refused.failed', 'missed': 'refused.missed', 'skipped': 'refused.skipped', 'gap': 'refused.gap',
}

/** What a person reads for the server's word; null for one that is newer than this page. */
export function reasonKey(reason: string): MessageKey | null {
  return reasons[reason] ?? null
}

/** How many deliveries were refused: counts are 64-bit numbers. */
export function refusedCount(rows: readonly Pick<Row, 'deliveries'>[]): bigint {
  return rows.reduce((sum, row) => sum + BigInt(row.deliveries), 0n)
}
