#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/json.h"
#include "platform/pg/pg.h"
#include "store/runs/journal.h"
#include "store/runs/payload.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What ends a run's wait, from outside: callbacks, events, decisions. One answer counts.
namespace weft::store::waits {

enum class State : std::uint8_t { kOpen, kAnswered, kClosed };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 3> kStates = {"open", "answered", "closed"};
std::optional<State> state_from(std::string_view text);

/// What an address leads to.
struct Target {
    TenantId tenant;
    RunId run;
    std::string step;
    int iteration = 0;
    State state = State::kOpen;
    bool is_late = false;    // its deadline has passed, by the database's clock
    std::string token_hash;  // as stored: compare it in constant time
    bool may_be_answered() const { return state == State::kOpen && !is_late; }
};

/// By the SHA-256 of its token, across tenants (weft_ingest). Nothing for an unknown one.
rt::Task<Result<std::optional<Target>>> find_by_token(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
);

/// Takes the answer, whose value is sealed for ValueSlot::answer_of, and wakes the run. False: it was
/// answered before, its time is over, or the run has ended. `failure` says why the step fails nevertheless.
rt::Task<Result<bool>> answer(
    pg::Pool& pool,
    Target target,
    runs::StoredPayload value,
    std::optional<std::string> failure,
    rt::Deadline by
);

}  // namespace weft::store::waits
