#pragma once

#include "platform/pg/pg.h"
#include "store/runs/runs.h"

namespace weft::store::runs {

/// Columns slot, size_bytes, codec, key_id, data, blob_ref from `at` on.
StoredPayload read_payload(const pg::Rows& rows, int row, int at);
/// Columns step_id, iteration, position, state, attempt, failure_kind, error, idempotency_key, intent_at,
/// started_at, finished_at from `at` on.
StepRun read_step(const pg::Rows& rows, int row, int at);

}  // namespace weft::store::runs
