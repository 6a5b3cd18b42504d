#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::blob {

/// What goes of the values of `open_directory(folder)`.
struct Old {
    std::int64_t before = 0;      // days since 1970: names that were made before that day
    std::vector<Uuid> kept = {};  // but for these, which rows still refer to
    int most = 0;
};
/// How many were removed. Errors: kUnavailable.
rt::Task<Result<int>> retire_days(std::string folder, Old old, rt::Deadline by);

}  // namespace weft::blob
