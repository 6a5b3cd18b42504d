#pragma once

#include "data/poller/detail/harvest.h"
#include "data/poller/poller.h"
#include "store/triggers/polls.h"

#include <optional>
#include <string>

namespace weft::poller {

/// What is new in the mailbox of a due trigger. What is to be done with messages whose runs have begun is
/// done first. Errors: sentences for the trigger's owner; kCancelled.
rt::Task<Result<Harvest>> look_into_mailbox(Needs& needs, store::triggers::DuePoll due, rt::Deadline by);

/// The newest message as a run would get it, its attachments named alone; nothing in an empty folder.
rt::Task<Result<std::optional<std::string>>> newest_mail(
    Needs& needs, store::triggers::DuePoll due, rt::Deadline by
);

}  // namespace weft::poller
