#pragma once

#include "graphql/model/expression.h"

#include <cstdint>
#include <optional>

namespace weft::graphql {

class Access;
struct SelectRight;

/// A table in a statement, with the caller's row permission attached. There are two ways to get one:
/// `attach`, and `by_metadata` for what a permission's own author wrote. Every statement node asks for one,
/// so no node can be built that forgets the permission.
class TableRef {
  public:
    enum class Use : std::uint8_t { kSelect, kUpdate, kDelete };

    /// The one place where row permissions enter a statement. Empty when there is no such right.
    static std::optional<TableRef> attach(const Table& table, const Access& access, Use use);
    /// Without a filter: inside expressions of the metadata, which may look at rows their reader can't see.
    static TableRef by_metadata(const Table& table);
    /// Without a filter: rows that this very statement has just written (`returning`'s source), by their CTE.
    static TableRef of_written_rows(const Table& table, const Access& access);

    const Table& table() const { return *table_; }
    /// Null when every row may be used. Lives as long as the model.
    const BoolExp* filter() const { return filter_; }
    /// The permission's row limit (kSelect only).
    std::optional<std::int64_t> limit() const { return limit_; }
    bool is_attached() const { return is_attached_; }
    /// The right to select when it hides columns in some rows (an inherited role's), whatever the rows are
    /// used for; else null.
    const SelectRight* masks() const { return masks_; }

  private:
    explicit TableRef(const Table& table) : table_(&table) {}
    void hide(const Access& access);

    const Table* table_;
    const BoolExp* filter_ = nullptr;
    std::optional<std::int64_t> limit_;
    const SelectRight* masks_ = nullptr;
    bool is_attached_ = false;
};

}  // namespace weft::graphql
