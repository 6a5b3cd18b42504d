#include "platform/http/range.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace weft::http {

namespace {

enum class Asked { kAll, kRange, kNone };

Asked range_of(std::string_view header, std::int64_t size, Range& out) {
    constexpr std::string_view kUnit = "bytes=";
    if (!header.starts_with(kUnit)) return Asked::kAll;
    header.remove_prefix(kUnit.size());
    const auto dash = header.find('-');
    if (dash == std::string_view::npos || header.contains(',')) return Asked::kAll;
    const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
        std::int64_t value = 0;
        const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (bad != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
        return value;
    };
    const std::string_view from = header.substr(0, dash);
    const std::string_view to = header.substr(dash + 1);
    const auto first = number(from);
    const auto last = number(to);
    if ((!from.empty() && !first) || (!to.empty() && !last) || (from.empty() && to.empty()))
        return Asked::kAll;
    if (first && last && *last < *first) return Asked::kAll;
    const Range asked = from.empty() ? Range{std::max<std::int64_t>(0, size - *last), size - 1}
                                     : Range{*first, last ? std::min(*last, size - 1) : size - 1};
    if (asked.first >= size || (from.empty() && *last == 0)) return Asked::kNone;
    out = asked;
    return Asked::kRange;
}

}  // namespace

std::optional<Range> ranged(const Request& request, std::int64_t size, Response& response) {
    Range range{0, size - 1};
    const Asked asked = range_of(request.headers.get("range"), size, range);
    if (asked == Asked::kNone) return std::nullopt;
    response.headers.set("accept-ranges", "bytes");
    if (asked == Asked::kRange) {
        response.status = 206;
        response.headers.set(
            "content-range",
            "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
                std::to_string(size)
        );
    }
    return range;
}

Response no_such_range(std::int64_t size, const RequestId& id) {
    Response response = problem(416, "range_not_satisfiable", "There are no such bytes", id);
    response.headers.set("content-range", "bytes */" + std::to_string(size));
    return response;
}

}  // namespace weft::http
