#include "base/time.h"

#include <fmt/format.h>

namespace weft {

std::string rfc3339(Instant at) {
    using namespace std::chrono;
    auto day = floor<days>(at);
    year_month_day date{day};
    hh_mm_ss clock{floor<Millis>(at - day)};
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        clock.hours().count(),
        clock.minutes().count(),
        clock.seconds().count(),
        clock.subseconds().count()
    );
}

}  // namespace weft
