#include "control/graphql/model/table_ref.h"

#include "control/graphql/model/model.h"

namespace weft::graphql {

std::optional<TableRef> TableRef::attach(const Table& table, const Role& role, Use use) {
    if (role.number < 0 || static_cast<std::size_t>(role.number) >= table.rights.size()) return std::nullopt;
    const Rights& rights = table.rights[static_cast<std::size_t>(role.number)];
    TableRef out(table);
    const BoolExp* filter = nullptr;
    if (use == Use::kSelect) {
        if (!rights.select) return std::nullopt;
        filter = &rights.select->filter;
        out.limit_ = rights.select->limit;
    } else if (use == Use::kUpdate) {
        if (!rights.update) return std::nullopt;
        filter = &rights.update->filter;
    } else {
        if (!rights.remove) return std::nullopt;
        filter = &rights.remove->filter;
    }
    if (!filter->is_trivial()) out.filter_ = filter;
    out.is_attached_ = true;
    return out;
}

TableRef TableRef::by_metadata(const Table& table) {
    return TableRef(table);
}
TableRef TableRef::of_written_rows(const Table& table) {
    return TableRef(table);
}

}  // namespace weft::graphql
