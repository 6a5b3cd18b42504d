#pragma once

#include <string_view>

namespace weft::pg {

/// One named statement from a sql/ folder; prepared once per connection under its name, which metrics and
/// errors show.
struct Query {
    std::string_view name;
    std::string_view text;
};

}  // namespace weft::pg
