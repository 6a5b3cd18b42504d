#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/runstate/states.h"

#include <string>
#include <string_view>
#include <vector>

/// Triggers that wait for the ends of other workflows' runs.
namespace weft::trigger {

inline constexpr std::size_t kFollowedMax = 50;

/// {"on"?: ["failed"] of success, failed, canceled; "workflows"?: keys}. Without `workflows` every other
/// workflow of the tenant counts, but for runs that began like this themselves.
struct Follow {
    std::vector<runstate::RunStatus> on{runstate::RunStatus::kFailed};
    std::vector<std::string> workflows;  // empty: every other
    bool operator==(const Follow&) const = default;
};
/// kInvalid with its member.
Result<Follow> parse_follow(const Json& config, std::string_view field = "config");
Json to_json(const Follow& follow);

}  // namespace weft::trigger
