#pragma once

#include "control/graphql/sql/detail/writer.h"

#include <string_view>

namespace weft::graphql::detail {

/// `condition` over the row `alias`, as an expression that can stand beside AND (bracketed where needed).
/// `root` is the row that a permission is about (kRootColumn); for a request's condition it is not used.
void write_condition(Writer& out, const BoolExp& condition, std::string_view alias, std::string_view root);

/// Parts of a WHERE clause: `WHERE a AND b`, or nothing when all are trivially true.
class Where {
  public:
    explicit Where(Writer& out, std::string_view keyword = " WHERE ") : out_(out), keyword_(keyword) {}
    /// Begins one more part: the keyword or " AND ". The caller writes an expression that can stand beside
    /// AND.
    Writer& part();
    /// The row permission of `table` over `alias`: equalities with session variables come first, so that the
    /// tenant leads.
    void permission(const TableRef& table, std::string_view alias);
    void condition(const BoolExp& condition, std::string_view alias, std::string_view root);
    /// `remote`'s row belongs to `parent`'s.
    void join(const Relationship& relationship, std::string_view parent, std::string_view remote);

  private:
    Writer& out_;
    std::string_view keyword_;
    bool is_first_ = true;
};

/// No two rows of the remote table have the same join values: it holds a key of it.
bool is_unique(const Relationship& relationship);

}  // namespace weft::graphql::detail
