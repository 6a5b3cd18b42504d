#include "graphql/model/model.h"

#include <algorithm>

namespace weft::graphql {

namespace {

template <class T, class Name>
const T* find_by(const std::deque<T>& all, std::string_view wanted, Name name) {
    const auto found = std::ranges::find_if(all, [&](const T& each) { return name(each) == wanted; });
    return found == all.end() ? nullptr : &*found;
}

template <class Right>
const Right* usable(const std::optional<Right>& right, Backend backend) {
    return right && (backend == Backend::kYes || !right->is_backend_only) ? &*right : nullptr;
}

}  // namespace

const Rights& Access::rights(const Table& table) const {
    static const Rights kNone;
    const auto at = static_cast<std::size_t>(role_.number);
    return role_.number < 0 || at >= table.rights.size() ? kNone : table.rights[at];
}
const BoolExp* SelectRight::mask(const ComputedField& field) const {
    return mask(computed_masks, field.position);
}

const SelectRight* Access::select(const Table& table) const {
    const auto& right = rights(table).select;
    return right ? &*right : nullptr;
}
const InsertRight* Access::insert(const Table& table) const {
    return usable(rights(table).insert, backend_);
}
const UpdateRight* Access::update(const Table& table) const {
    return usable(rights(table).update, backend_);
}
const DeleteRight* Access::remove(const Table& table) const {
    return usable(rights(table).remove, backend_);
}

const Column* Table::column(std::string_view pg_name) const {
    return find_by(columns, pg_name, [](const Column& each) -> std::string_view { return each.pg_name(); });
}
const Column* Table::column_by_graphql_name(std::string_view wanted) const {
    if (wanted.empty()) return nullptr;  // the name of columns that GraphQL can't show
    return find_by(columns, wanted, [](const Column& each) -> std::string_view { return each.name; });
}
const Relationship* Table::relationship(std::string_view wanted) const {
    return find_by(relationships, wanted, [](const Relationship& each) -> std::string_view {
        return each.name;
    });
}

const Access& Model::access(std::string_view name, Backend backend) const {
    const auto found = roles_by_name_.find(name);
    const Role& role = found == roles_by_name_.end() ? *nobody_ : *found->second;
    return backend == Backend::kYes && role.backend_ != nullptr ? *role.backend_ : *role.usual_;
}

const Table* Model::table(const QualifiedName& name) const {
    const auto found = tables_by_name_.find(name);
    return found == tables_by_name_.end() ? nullptr : found->second;
}

const Action* Model::action(std::string_view name) const {
    const auto found =
        std::ranges::find_if(actions_, [&](const Action& each) { return each.metadata->name == name; });
    return found == actions_.end() ? nullptr : &*found;
}

}  // namespace weft::graphql
