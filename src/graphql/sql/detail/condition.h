#pragma once

#include "graphql/sql/detail/writer.h"

#include <functional>
#include <string>
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
    /// ... without asking whether `alias` is screened: for what screens it.
    void filter(const TableRef& table, std::string_view alias);
    void condition(const BoolExp& condition, std::string_view alias, std::string_view root);
    /// A request's condition about the rows of a write, which no `write_source` screens: what the caller does
    /// not see of a row is NULL in it.
    void of_written(const BoolExp& condition, const TableRef& table, std::string_view alias);
    /// A function that returns one row returns NULL as a row of NULLs: no row.
    void is_row_of(const Function& function, std::string_view alias);
    /// `remote`'s row belongs to `parent`'s.
    void join(
        const Relationship& relationship,
        std::string_view parent,
        std::string_view remote,
        const SelectRight* shown_of_parent = nullptr
    );

  private:
    void parts(const BoolExp& condition, const std::function<void(const BoolExp&)>& write);

    Writer& out_;
    std::string_view keyword_;
    bool is_first_ = true;
};

/// `<rows> AS alias`, where `rows` writes the table's name or a call that gives its rows. For a role that
/// sees some columns in some rows only, it is a subselect of the rows it may see, with NULL for what it may
/// not; so nothing that is said about `alias`, by whomever, can tell more. `joined_by`: whose columns are
/// needed too. `alias` is of Writer::new_alias(table).
void write_source(
    Writer& out,
    const TableRef& table,
    const Relationship* joined_by,
    const std::function<void()>& rows,
    std::string_view alias
);
/// The same of written rows, which are seen whether or not the permission's filter fits them.
void write_written_source(Writer& out, const TableRef& table, std::string_view rows, std::string_view alias);
/// No two rows of the remote table have the same join values: it holds a key of it.
bool is_unique(const Relationship& relationship);

}  // namespace weft::graphql::detail
