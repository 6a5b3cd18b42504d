#pragma once

#include "control/api/api.h"
#include "store/triggers/polls.h"
#include "store/triggers/triggers.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace weft::control {

/// Whether triggers of this kind ask another system (trigger_poll has a row of each).
bool polls(store::triggers::Kind kind);

/// Off: nobody asks. Waiting: nobody has asked yet. Failing: the last time or times.
enum class PollHealth : std::uint8_t { kOff, kWaiting, kFailing, kOk };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 4> kPollHealths = {"off", "waiting", "failing", "ok"};

/// What a poll's owner gets to see of where it stands.
Json poll_json(const store::triggers::PollState& state);

}  // namespace weft::control
