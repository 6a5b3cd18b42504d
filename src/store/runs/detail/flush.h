#pragma once

#include "store/runs/journal.h"

namespace weft::store::runs {

/// Whether a flush demands that the leases are held. kOff is for tests and for a build with
/// WEFT_TEST_NO_FENCING, which exists so that the fault test can show that it would notice.
enum class Fence { kOn, kOff };

rt::Task<Result<void>> flush_with(pg::Pool& pool, std::vector<Entry*> entries, Fence fence, rt::Deadline by);

}  // namespace weft::store::runs
