#pragma once

#include "control/api/api.h"
#include "store/triggers/schedules.h"
#include "store/triggers/triggers.h"

namespace weft::control {

/// What a schedule's owner gets to see of where it stands.
Json schedule_json(
    const store::triggers::Trigger& trigger, const store::triggers::ScheduleState& state, Instant now
);

inline Json time_or_null(const std::optional<Instant>& at) {
    return at ? time_json(*at) : Json(nullptr);
}

/// To the ingress and the scheduler, after the commit.
void tell_changed(Context& context, TriggerId id);

}  // namespace weft::control
