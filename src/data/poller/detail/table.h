#pragma once

#include "data/poller/detail/harvest.h"
#include "data/poller/poller.h"
#include "store/triggers/polls.h"

#include <optional>
#include <string>

namespace weft::poller {

/// What is new in the table of a due trigger. Errors: sentences for the trigger's owner; kCancelled.
rt::Task<Result<Harvest>> look_into_table(Needs& needs, store::triggers::DuePoll due, rt::Deadline by);

/// The newest row, as a run would get it; nothing in an empty table.
rt::Task<Result<std::optional<std::string>>> newest_row(
    Needs& needs, store::triggers::DuePoll due, rt::Deadline by
);

}  // namespace weft::poller
