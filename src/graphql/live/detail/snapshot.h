#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// Which transactions a statement sees: PostgreSQL's pg_snapshot.
struct Snapshot {
    std::uint64_t end = 0;                   // this number and later ones are not seen
    std::vector<std::uint64_t> under_way{};  // nor are these

    /// "100:105:100,102"
    static std::optional<Snapshot> read(std::string_view text);
    /// `transaction` lacks the upper half of its number, as in the log.
    bool sees(std::uint32_t transaction) const;
};

}  // namespace weft::graphql::detail
