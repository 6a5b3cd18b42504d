#pragma once

#include "graphql/sql/detail/writer.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::graphql::detail {

/// ORDER BY of one select over `alias`, and the joins it needs.
class Ordering {
  public:
    Ordering(Writer& out, const Select& select, std::string alias)
        : out_(out), select_(select), alias_(std::move(alias)) {}

    /// " LEFT JOIN ..." for object relationships on the way; stands after the FROM.
    void write_joins();
    /// " ORDER BY ...", or nothing. A page has the primary key as last key.
    void write_clause();

  private:
    using Chain = std::vector<const Relationship*>;
    void write_join(const OrderTerm::Hop& hop, const Chain& chain);
    std::vector<const Column*> columns_at(const Chain& chain) const;
    bool needs_row_at(const Chain& chain) const;
    const std::string& alias_of(const Chain& chain) const;
    void write_term(const OrderTerm& term);

    Writer& out_;
    const Select& select_;
    std::string alias_;
    std::vector<std::pair<Chain, std::string>> joined_;
};

}  // namespace weft::graphql::detail
