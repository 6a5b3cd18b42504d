#include "core/trigger/follow.h"

#include "core/trigger/detail/settings.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::trigger {

namespace {

/// A list of texts without repetition, or nothing.
Result<std::vector<std::string>> texts_in(
    const detail::Settings& settings, std::string_view member, std::size_t most
) {
    std::vector<std::string> out;
    const Json* given = settings.find(member);
    if (given == nullptr) return out;
    const std::string wrong = fmt::format("{} is a list of 1 to {} texts", member, most);
    if (!given->is_array() || given->get_array().empty() || given->get_array().size() > most)
        return fail(Error::invalid(wrong, settings.place(member)));
    for (const Json& each : given->get_array()) {
        if (!each.is_string() || each.get_string().empty() || each.get_string().size() > 128)
            return fail(Error::invalid(wrong, settings.place(member)));
        std::string text = each.get_string();
        if (std::ranges::find(out, text) == out.end()) out.push_back(std::move(text));
    }
    return out;
}

}  // namespace

Result<Follow> parse_follow(const Json& config, std::string_view field) {
    TRY(const auto settings, detail::Settings::of(config, std::string(field), {"on", "workflows"}));
    Follow out;
    TRY(const auto on, texts_in(settings, "on", 3));
    if (!on.empty()) out.on.clear();
    for (const std::string& word : on) {
        const auto state = runstate::run_status_from(word);
        if (!state || !runstate::is_terminal(*state))
            return fail(Error::invalid("on is a list of success, failed and canceled", settings.place("on")));
        out.on.push_back(*state);
    }
    TRY(out.workflows, texts_in(settings, "workflows", kFollowedMax));
    return out;
}

Json to_json(const Follow& follow) {
    JsonArray on;
    for (const runstate::RunStatus state : follow.on) on.emplace_back(runstate::name(state));
    JsonObject out{{"on", std::move(on)}};
    if (!follow.workflows.empty())
        out["workflows"] = JsonArray(follow.workflows.begin(), follow.workflows.end());
    return out;
}

}  // namespace weft::trigger
