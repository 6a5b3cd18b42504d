#include "core/alert/alert.h"

#include "base/words.h"
#include "core/connector/connector.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::alert {

namespace {

using namespace std::chrono;

constexpr std::size_t kUrlBytesMax = 2'048;
constexpr std::size_t kAddressBytesMax = 254;  // RFC 5321
constexpr std::array<std::string_view, 7> kDays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr Millis kLongestPause{3'600'000};

/// "22:00", and "24:00" for the end of a day.
std::optional<minutes> time_of_day(std::string_view text) {
    const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9'; };
    if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
        return std::nullopt;
    const int hour = (text[0] - '0') * 10 + text[1] - '0';
    const int minute = (text[3] - '0') * 10 + text[4] - '0';
    if (hour > 24 || minute > 59 || (hour == 24 && minute > 0)) return std::nullopt;
    return hours(hour) + minutes(minute);
}

std::string written(minutes time) {
    return fmt::format("{:02}:{:02}", time.count() / 60, time.count() % 60);
}

Result<minutes> time_in(const JsonObject& object, std::string_view member, std::string_view field) {
    if (const auto time = time_of_day(text_or(object, member))) return *time;
    return fail(Error::invalid("This is a time of day such as 22:00", fmt::format("{}.{}", field, member)));
}

/// By a list with @ and a dot behind it, in ASCII without blanks: what any server takes, and nothing that
/// could end a header or a command.
bool is_address(std::string_view text) {
    const auto at = text.find('@');
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
    };
    const auto is_host = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '.';
    };
    if (at == 0 || at == std::string_view::npos || text.size() > kAddressBytesMax) return false;
    const std::string_view host = text.substr(at + 1);
    return std::ranges::all_of(text.substr(0, at), is_plain) && !host.empty() &&
           std::ranges::all_of(host, is_host) && host.find('.') != std::string_view::npos &&
           host.front() != '.' && host.back() != '.' && host.find("..") == std::string_view::npos;
}

}  // namespace

std::string_view name(Channel channel) {
    return word_of(kChannels, channel);
}
std::optional<Channel> channel_from(std::string_view text) {
    return find_word<Channel>(kChannels, text);
}

Result<Quiet> parse_quiet(const Json& value, std::string_view field) {
    if (!value.is_object()) return fail(Error::invalid("This is an object", std::string(field)));
    const JsonObject& object = value.get_object();
    const auto place = [&](std::string_view member) { return fmt::format("{}.{}", field, member); };
    for (const auto& member : object) {
        constexpr std::array<std::string_view, 5> kMembers = {"from", "to", "zone", "days", "then"};
        if (std::ranges::find(kMembers, std::string_view(member.key())) == kMembers.end())
            return fail(Error::invalid("Unknown member", place(member.key())));
    }
    Quiet out;
    TRY(out.from, time_in(object, "from", field));
    TRY(out.to, time_in(object, "to", field));
    if (out.from == hours(24))
        return fail(Error::invalid("Quiet hours begin before 24:00; write 00:00", place("from")));
    const std::string_view zone = text_or(object, "zone", "UTC");
    const auto found = calendar::Zone::find(zone);
    if (!found)
        return fail(Error::invalid("There is no such time zone; one is Europe/Madrid", place("zone")));
    out.zone = *found;
    const std::string_view then = text_or(object, "then", "hold");
    if (then != "hold" && then != "drop") return fail(Error::invalid("then is hold or drop", place("then")));
    out.is_dropping = then == "drop";
    const Json* days = object.if_contains("days");
    if (days == nullptr || days->is_null()) {
        out.days.set();
        return out;
    }
    if (!days->is_array() || days->get_array().empty())
        return fail(Error::invalid("days is a list of mon, tue, ...; leave it out for all", place("days")));
    for (const Json& day : days->get_array()) {
        const auto at = std::ranges::find(kDays, day.is_string() ? std::string_view(day.get_string()) : "");
        if (at == kDays.end())
            return fail(Error::invalid("A day is one of mon, tue, wed, thu, fri, sat, sun", place("days")));
        out.days.set(static_cast<std::size_t>(at - kDays.begin()));
    }
    return out;
}

Json to_json(const Quiet& quiet) {
    JsonArray days;
    for (std::size_t i = 1; i <= kDays.size(); ++i)  // as people write weeks, Mondays first
        if (quiet.days.test(i % 7)) days.emplace_back(kDays[i % 7]);
    return JsonObject{
        {"from", written(quiet.from)},
        {"to", written(quiet.to)},
        {"zone", quiet.zone.name()},
        {"days", std::move(days)},
        {"then", quiet.is_dropping ? "drop" : "hold"},
    };
}

std::optional<Instant> quiet_until(const Quiet& quiet, Instant now) {
    const auto moment = floor<Millis>(now);
    const auto today = floor<days>(quiet.zone.reading(moment));
    std::optional<Instant> until;
    // What has begun yesterday may last until today; and where hours end when the next begin, they are one.
    for (int offset = -1; offset <= 8; ++offset) {
        const auto day = today + days(offset);
        if (!quiet.days.test(weekday(day).c_encoding())) continue;
        const auto end_day = quiet.to <= quiet.from ? day + days(1) : day;
        // Of an hour that comes twice the first begins them and the last ends them: never too early.
        const auto begin = quiet.zone.moment(day + quiet.from, calendar::Choice::kEarlier);
        const auto end = quiet.zone.moment(end_day + quiet.to, calendar::Choice::kLater);
        const Instant at = until.value_or(moment);
        if (begin <= at && at < end) until = end;
    }
    return until;
}

Result<Target> parse_url(std::string_view url, std::string_view field) {
    if (url.size() > kUrlBytesMax)
        return fail(Error::invalid(fmt::format("At most {} bytes", kUrlBytesMax), std::string(field)));
    auto request = connector::build_http_request(JsonObject{{"url", url}, {"method", "POST"}}, nullptr);
    if (!request) return fail(Error::invalid(request.error().user, std::string(field)));
    TRY(const connector::Origin origin, connector::origin_of(request->url));
    return Target{.sealed = std::move(request->url), .shown = origin.host};
}

Result<Target> parse_addresses(const std::vector<std::string>& addresses, std::string_view field) {
    if (addresses.empty() || addresses.size() > kAddressesMax)
        return fail(Error::invalid(
            fmt::format("This is a list of 1 to {} addresses", kAddressesMax), std::string(field)
        ));
    for (std::size_t i = 0; i < addresses.size(); ++i)
        if (!is_address(addresses[i]))
            return fail(Error::invalid(
                "This is no address of e-mail such as ops@example.com", fmt::format("{}[{}]", field, i)
            ));
    return Target{
        .sealed = fmt::format("{}", fmt::join(addresses, ",")),
        .shown = fmt::format("{}", fmt::join(addresses, ", "))
    };
}

Millis backoff(int attempts, Millis first) {
    return std::min<Millis>(first * (1ll << std::clamp(attempts - 1, 0, 20)), kLongestPause);
}

}  // namespace weft::alert
