#pragma once

#include <string_view>

namespace weft::pg {

/// One named statement from a sql/ folder; prepared once per connection under its name, which metrics and
/// errors show. A name stands for one text. Both must outlive the call they are given to. An empty name (made
/// statements that do not repeat) is sent unprepared.
struct Query {
    std::string_view name;
    std::string_view text;
};

}  // namespace weft::pg
