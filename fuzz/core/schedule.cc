#include "core/trigger/schedule.h"

#include <cstdint>
#include <cstdlib>

/// The first byte chooses: "c" and a cron rule, "w" and a rule in words, "z" and a compiled time zone, else
/// the settings of a schedule. What can be read is written as what reads the same, and fires after the
/// instant it is asked about.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view rest = text.substr(std::min<std::size_t>(1, size));
    Json config;
    if (text.starts_with('c') || text.starts_with('w')) {
        config = JsonObject{{text.starts_with('c') ? "cron" : "every", rest}};
    } else {
        auto given = parse_json(text);
        if (!given) return 0;
        config = *std::move(given);
    }
    const auto schedule = trigger::parse_schedule(config);
    if (!schedule) {
        if (schedule.error().user.empty() || schedule.error().field.empty()) std::abort();
        return 0;
    }
    const auto again = trigger::parse_schedule(trigger::to_json(*schedule));
    if (!again || to_text(trigger::to_json(*again)) != to_text(trigger::to_json(*schedule))) std::abort();
    Instant after{std::chrono::seconds(1'800'000'000)};
    for (const Instant slot : trigger::next_times(*schedule, after, 3)) {
        if (slot <= after) std::abort();
        after = slot;
    }
    return 0;
}
