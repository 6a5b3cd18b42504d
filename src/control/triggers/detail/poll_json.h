#pragma once

#include "control/api/api.h"
#include "store/triggers/polls.h"
#include "store/triggers/triggers.h"

namespace weft::control {

/// Whether triggers of this kind ask another system (trigger_poll has a row of each).
bool polls(store::triggers::Kind kind);

/// What a poll's owner gets to see of where it stands.
Json poll_json(const store::triggers::PollState& state);

}  // namespace weft::control
