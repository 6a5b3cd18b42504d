#pragma once

#include "base/json.h"
#include "data/poller/poller.h"
#include "store/triggers/polls.h"

#include <optional>
#include <string>

namespace weft::poller {

/// What came of asking: an answer, "nothing has changed" (neither), or a sentence for the trigger's owner.
struct Asked {
    std::optional<Json> answer;
    rt::Budget::Charge charge;  // for the answer
    std::optional<std::string> problem;
    std::optional<Millis> retry_after;  // the other system's wish
    bool is_aborted = false;            // called off
};

/// Carries the poll's one step out as the engine would: its input evaluated in a sandbox, the call made by
/// the broker, its output evaluated in another sandbox where there is something to evaluate.
rt::Task<Asked> ask(Needs& needs, store::triggers::DuePoll due, rt::Deadline by);

}  // namespace weft::poller
