#include "graphql/model/table_ref.h"

#include "graphql/model/model.h"

namespace weft::graphql {

std::optional<TableRef> TableRef::attach(const Table& table, const Access& access, Use use) {
    TableRef out(table);
    const BoolExp* filter = nullptr;
    if (use == Use::kSelect) {
        const SelectRight* right = access.select(table);
        if (right == nullptr) return std::nullopt;
        filter = &right->filter;
        out.limit_ = right->limit;
    } else if (use == Use::kUpdate) {
        const UpdateRight* right = access.update(table);
        if (right == nullptr) return std::nullopt;
        filter = &right->filter;
    } else {
        const DeleteRight* right = access.remove(table);
        if (right == nullptr) return std::nullopt;
        filter = &right->filter;
    }
    if (!filter->is_trivial()) out.filter_ = filter;
    out.hide(access);
    out.is_attached_ = true;
    return out;
}

TableRef TableRef::by_metadata(const Table& table) {
    return TableRef(table);
}
TableRef TableRef::of_written_rows(const Table& table, const Access& access) {
    TableRef out(table);
    out.hide(access);
    return out;
}

void TableRef::hide(const Access& access) {
    const SelectRight* right = access.select(*table_);
    if (right != nullptr && right->has_masks()) masks_ = right;
}

}  // namespace weft::graphql
