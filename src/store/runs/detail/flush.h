#pragma once

#include "store/runs/journal.h"

#include <string>
#include <string_view>

namespace weft::store::runs {

/// The flush statement of this build: fenced, but in a build with WEFT_TEST_NO_FENCING, which exists so that
/// the fault test can show that it would notice.
pg::Query flush_query();

/// A flush statement without its lines marked `-- fence`. Tests only.
std::string without_fence(std::string_view text);

rt::Task<Result<std::vector<bool>>> flush_with(
    pg::Pool& pool, pg::Query query, std::vector<Entry*> entries, rt::Deadline by
);

}  // namespace weft::store::runs
