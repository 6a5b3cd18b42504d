#pragma once

#include "base/error.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <cstdint>
#include <string>

namespace weft::blob {

/// Removes the values of `open_directory(folder)` whose names were made before `day` (days since 1970), at
/// most `most` of them; how many. Only for days that no row refers to any more. Errors: kUnavailable.
rt::Task<Result<int>> retire_days(std::string folder, std::int64_t day, int most, rt::Deadline by);

}  // namespace weft::blob
