#include "core/trigger/schedule.h"

#include "base/words.h"
#include "core/runstate/policy.h"
#include "core/trigger/detail/reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::trigger {

namespace {

using namespace std::chrono;

constexpr Millis kJitterMax{3'600'000};              // more is another schedule
constexpr Millis kCatchUpWithinMax{7 * 86'400'000};  // what is older is history
constexpr std::size_t kInputBytesMax = 64u << 10;    // a row of settings, not a document
constexpr std::size_t kZoneBytesMax = 64;

std::string under(std::string_view field, std::string_view member) {
    return fmt::format("{}.{}", field, member);
}

Result<> check_names(const JsonObject& object, std::string_view field) {
    constexpr std::array<std::string_view, 10> kMembers = {
        "cron",
        "every",
        "zone",
        "starting",
        "jitter",
        "overlap",
        "catch_up",
        "catch_up_within",
        "pause_until",
        "input"
    };
    for (const auto& member : object)
        if (std::ranges::find(kMembers, std::string_view(member.key())) == kMembers.end())
            return fail(Error::invalid("Unknown member", under(field, member.key())));
    return {};
}

/// A text member; "" when it is absent or null.
Result<std::string> text_of(const JsonObject& object, std::string_view key, std::string_view field) {
    const Json* value = object.if_contains(key);
    if (value == nullptr || value->is_null()) return std::string();
    if (!value->is_string()) return fail(Error::invalid("This is a text", under(field, key)));
    return std::string(text_or(object, key));
}

Result<calendar::Zone> read_zone(std::string_view name, std::string_view field) {
    if (name.empty()) return calendar::Zone();
    if (const auto zone = calendar::Zone::find(name)) return *zone;
    return fail(Error::invalid(
        fmt::format("There is no time zone \"{}\"; one is Europe/Madrid", name.substr(0, kZoneBytesMax)),
        std::string(field)
    ));
}

Result<std::optional<year_month_day>> read_date(std::string_view text, std::string_view field) {
    if (text.empty()) return std::nullopt;
    const auto date = calendar::take_date(text);
    if (!date || !text.empty() || date->year() < year(1970) || date->year() > year(2200))
        return fail(Error::invalid("This is a date from 1970 to 2200, such as 2026-12-01", std::string(field))
        );
    return date;
}

Result<std::optional<Instant>> read_instant(
    std::string_view text, const calendar::Zone& zone, std::string_view field
) {
    if (text.empty()) return std::nullopt;
    const auto written = calendar::read(text);
    const auto moment = written ? calendar::moment_of(*written, zone) : Result<calendar::Moment>();
    if (!written || !moment)
        return fail(Error::invalid(
            "This is a time such as 2026-12-24T09:00:00+01:00, or 2026-12-24T09:00 in the schedule's zone",
            std::string(field)
        ));
    return Instant(*moment);
}

std::string date_text(year_month_day date) {
    return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

template <class E, std::size_t N>
Result<> read_word(
    const JsonObject& object,
    std::string_view key,
    const std::array<std::string_view, N>& words,
    E& out,
    std::string_view field
) {
    TRY(const std::string text, text_of(object, key, field));
    if (text.empty()) return {};
    const auto found = find_word<E>(words, text);
    if (!found)
        return fail(Error::invalid(
            fmt::format("{} is {}, {} or {}", key, words[0], words[1], words[2]), under(field, key)
        ));
    out = *found;
    return {};
}

Result<> read_duration(
    const JsonObject& object, std::string_view key, Millis most, Millis& out, std::string_view field
) {
    const Json* given = object.if_contains(key);
    if (given == nullptr || given->is_null()) return {};
    TRY(out, runstate::duration_of(*given, under(field, key)));
    if (out.count() < 0 || out > most)
        return fail(Error::invalid(
            fmt::format("{} is at most {}", key, runstate::duration_text(most)), under(field, key)
        ));
    return {};
}

Result<> read_rule(const JsonObject& object, Schedule& out, std::string_view field) {
    TRY(out.cron, text_of(object, "cron", field));
    TRY(out.every, text_of(object, "every", field));
    if (out.cron.empty() == out.every.empty())
        return fail(Error::invalid(
            R"(Give one of cron, such as "0 9 * * MON-FRI", and every, such as "2 weeks on Monday at 9:00")",
            under(field, out.cron.empty() ? "every" : "cron")
        ));
    if (!out.cron.empty()) {
        TRY(out.rule, parse_cron(out.cron, under(field, "cron")));
    } else {
        TRY(out.rule, parse_words(out.every, under(field, "every")));
    }
    TRY(const std::string starting, text_of(object, "starting", field));
    TRY(out.starting, read_date(starting, under(field, "starting")));
    if (out.starting && out.rule.anchor && *out.starting != *out.rule.anchor)
        return fail(Error::invalid("every says another date", under(field, "starting")));
    if (out.rule.anchor) out.starting = out.rule.anchor;
    out.rule.anchor = out.starting;
    return {};
}

}  // namespace

Result<Schedule> parse_schedule(const Json& config, std::string_view field) {
    if (!config.is_object()) return fail(Error::invalid("This is an object", std::string(field)));
    const JsonObject& object = config.get_object();
    CHECK_OK(check_names(object, field));
    Schedule out;
    CHECK_OK(read_rule(object, out, field));
    TRY(const std::string zone, text_of(object, "zone", field));
    TRY(out.zone, read_zone(zone, under(field, "zone")));
    CHECK_OK(read_duration(object, "jitter", kJitterMax, out.jitter, field));
    CHECK_OK(read_word(object, "overlap", kOverlaps, out.overlap, field));
    CHECK_OK(read_word(object, "catch_up", kCatchUps, out.catch_up, field));
    CHECK_OK(read_duration(object, "catch_up_within", kCatchUpWithinMax, out.catch_up_within, field));
    TRY(const std::string pause, text_of(object, "pause_until", field));
    TRY(out.pause_until, read_instant(pause, out.zone, under(field, "pause_until")));
    if (const Json* input = object.if_contains("input"); input != nullptr && !input->is_null()) {
        if (!input->is_object() || to_text(*input).size() > kInputBytesMax)
            return fail(Error::invalid("input is an object of at most 64 KiB", under(field, "input")));
        out.input = input->get_object();
    }
    return out;
}

Json to_json(const Schedule& schedule) {
    JsonObject out;
    if (!schedule.cron.empty()) out["cron"] = schedule.cron;
    if (!schedule.every.empty()) out["every"] = schedule.every;
    out["zone"] = schedule.zone.name();
    if (schedule.starting) out["starting"] = date_text(*schedule.starting);
    if (schedule.jitter.count() > 0) out["jitter"] = runstate::duration_text(schedule.jitter);
    out["overlap"] = word_of(kOverlaps, schedule.overlap);
    out["catch_up"] = word_of(kCatchUps, schedule.catch_up);
    out["catch_up_within"] = runstate::duration_text(schedule.catch_up_within);
    if (schedule.pause_until) out["pause_until"] = rfc3339(*schedule.pause_until);
    if (!schedule.input.empty()) out["input"] = schedule.input;
    return out;
}

}  // namespace weft::trigger
