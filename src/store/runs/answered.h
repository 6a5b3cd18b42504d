#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/pg/pg.h"
#include "store/runs/payload.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::store::runs {

/// A value as notices::RunChanged carries it to who waits for it: still sealed, and bound to its run. Nothing
/// when it is too long for a notice, or lies in the blob store.
std::optional<std::string> notice_text(const StoredPayload& payload);
/// Nothing when the text is none of ours, or no answer.
std::optional<StoredPayload> from_notice(std::string_view text);

/// Those of `wanted` that have ended or given a response: one statement per tenant, one round trip for all.
rt::Task<Result<std::vector<RunId>>> answered(
    pg::Pool& pool, std::map<TenantId, std::vector<RunId>> wanted, rt::Deadline by
);

}  // namespace weft::store::runs
