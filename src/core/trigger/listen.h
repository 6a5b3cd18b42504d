#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/trigger/filter.h"

#include <optional>
#include <string>
#include <string_view>

/// A trigger that listens to the NOTIFY of a PostgreSQL database (ADR 54).
namespace weft::trigger {

inline constexpr std::string_view kListenKind = "notify";

/// {"connection", "channel", "filter"?}. The channel is a name as the database has it: case counts.
struct Listen {
    static constexpr std::size_t kChannelBytesMax = 63;  // PostgreSQL cuts a longer one, or refuses it

    std::string connection;
    std::string channel;
    std::optional<Filter> filter;

    bool operator==(const Listen&) const = default;
};
/// kInvalid, with the member's place behind `field`.
Result<Listen> parse_listen(const Json& config, std::string_view field = "config");
Json to_json(const Listen& listen);
bool is_other_source(const Listen& before, const Listen& after);

/// What a run is given of a notification: {"channel", "payload"}, where a payload that is JSON is that, and
/// any other the text.
std::string notified(std::string_view channel, std::string_view payload);

}  // namespace weft::trigger
