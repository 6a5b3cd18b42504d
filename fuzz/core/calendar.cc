#include "core/calendar/calendar.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace weft;

std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

void check_units(calendar::Moment at, const calendar::Zone& zone) {
    using calendar::Unit;
    for (const Unit unit :
         {Unit::kYear, Unit::kQuarter, Unit::kMonth, Unit::kWeek, Unit::kDay, Unit::kHour}) {
        const auto start = calendar::start_of(at, zone, unit);
        const auto end = calendar::end_of(at, zone, unit);
        if (start > at || end < at || calendar::start_of(start, zone, unit) != start) std::abort();
        if (unit <= Unit::kDay && calendar::end_of(start, zone, unit) != end) std::abort();
    }
}

}  // namespace

/// A line with a zone, one with a pattern, and a text. A date that is read is written as what reads the same;
/// units begin before it and end after it; a difference leads back without passing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto zone = calendar::Zone::find(take_line(text)).value_or(calendar::Zone());
    const std::string_view pattern = take_line(text);
    if (const auto again = calendar::Zone::find(zone.name()); again != zone) std::abort();
    if (const auto written = calendar::read(text, pattern, "es"); !written && written.error().user.empty())
        std::abort();
    const auto written = calendar::read(text);
    const auto at =
        written ? calendar::moment_of(*written, zone) : Result<calendar::Moment>(calendar::Moment());
    if (!at) return 0;
    (void)calendar::format(*at, zone, pattern, "fr");
    const std::string shown = calendar::iso(*at, zone);
    if (shown.front() == '-' || shown.front() == '+')
        return 0;  // an offset led out of the years that are read
    const auto back = calendar::read(shown);
    if (!back || calendar::moment_of(*back, calendar::Zone()).value() != *at) std::abort();
    check_units(*at, zone);
    const auto other = calendar::Moment(Millis(1'774'690'200'000));
    for (const auto unit : {calendar::Unit::kYear, calendar::Unit::kMonth, calendar::Unit::kDay}) {
        const auto count = calendar::difference(*at, other, zone, unit);
        calendar::Span span;
        (unit == calendar::Unit::kDay ? span.days : span.months) =
            unit == calendar::Unit::kYear ? 12 * count : count;
        const auto there = calendar::plus(other, zone, span);
        if (!there || (count > 0 && *there > *at) || (count < 0 && *there < *at)) std::abort();
    }
    return 0;
}
