#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/names.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace weft::graphql {

namespace {

using metadata::InheritedRole;

/// How `role` stands to one kind of write on one table.
struct Write {
    int source = -1;         // the role whose own permission it is; -1: none has one
    bool conflicts = false;  // its parents' differ, so it has none
};

std::set<std::string> names_of(const std::vector<std::string>& list) {
    return {list.begin(), list.end()};
}

template <class Permission>
bool has_same_columns(const Permission& a, const Permission& b) {
    return a.has_all_columns == b.has_all_columns && names_of(a.columns) == names_of(b.columns);
}

bool is_same(const metadata::InsertPermission& a, const metadata::InsertPermission& b) {
    return has_same_columns(a, b) && a.check == b.check && a.set == b.set &&
           a.is_backend_only == b.is_backend_only;
}
bool is_same(const metadata::UpdatePermission& a, const metadata::UpdatePermission& b) {
    return has_same_columns(a, b) && a.filter == b.filter && a.check == b.check && a.set == b.set &&
           a.is_backend_only == b.is_backend_only;
}
bool is_same(const metadata::DeletePermission& a, const metadata::DeletePermission& b) {
    return a.filter == b.filter && a.is_backend_only == b.is_backend_only;
}

BoolExp any_of(const std::vector<const BoolExp*>& parts) {
    std::vector<BoolExp> copies;
    for (const BoolExp* each : parts) {
        if (each->is_trivial()) return {};
        copies.push_back(*each);
    }
    return BoolExp::any_of(std::move(copies));
}

/// What an inherited role has of one thing.
struct Part {
    bool is_there = false;  // a parent has it
    std::shared_ptr<const BoolExp> mask;
};

/// `shown_where`: in which rows a parent has it; null for none.
Part united(const std::vector<const SelectRight*>& parents, const auto& shown_where) {
    Part out;
    std::vector<const BoolExp*> shown;
    bool is_whole = true;  // every parent has it in all of its rows
    for (std::size_t i = 0; i < parents.size(); ++i) {
        const BoolExp* where = shown_where(*parents[i], i);
        is_whole = is_whole && where == &parents[i]->filter;
        if (where != nullptr) shown.push_back(where);
    }
    out.is_there = !shown.empty();
    if (is_whole || shown.empty()) return out;
    BoolExp mask = any_of(shown);
    if (!mask.is_trivial()) out.mask = std::make_shared<const BoolExp>(std::move(mask));
    return out;
}

const BoolExp* or_filter(const BoolExp* mask, const SelectRight& right) {
    return mask == nullptr ? &right.filter : mask;
}

void keep(SelectRight::Masks& out, const SelectRight::Masks& masks) {
    if (std::ranges::any_of(masks, [](const auto& mask) { return mask != nullptr; })) out = masks;
}

/// Rows that any of the parents sees, and in each row what one sees that sees the row.
class Union {
  public:
    /// `numbers`: the parents' roles. They have these rights.
    Union(
        const Draft& draft,
        const Table& table,
        std::vector<int> numbers,
        std::vector<const SelectRight*> parents
    )
        : draft_(draft), table_(table), numbers_(std::move(numbers)), parents_(std::move(parents)) {}

    SelectRight make() const {
        SelectRight out;
        std::vector<const BoolExp*> filters;
        for (const SelectRight* each : parents_) {
            filters.push_back(&each->filter);
            if (each->limit) out.limit = std::max(out.limit.value_or(0), *each->limit);
            out.allows_aggregations = out.allows_aggregations || each->allows_aggregations;
        }
        out.filter = any_of(filters);
        SelectRight::Masks shown;
        SelectRight::Masks joined;
        for (const Column& column : table_.columns) {
            Part part =
                united(parents_, [&](const SelectRight& of, std::size_t) { return shows(of, column); });
            out.columns.push_back(part.is_there);
            shown.push_back(std::move(part.mask));
            joined.push_back(united(parents_, [&](const SelectRight& of, std::size_t i) {
                                 return leads(of, numbers_[i], column);
                             }).mask);
        }
        SelectRight::Masks computed;
        for (const ComputedField& field : table_.computed_fields) {
            Part part = united(parents_, [&](const SelectRight& of, std::size_t) {
                const bool has = of.computed_fields[static_cast<std::size_t>(field.position)];
                return has ? or_filter(of.mask(field), of) : nullptr;
            });
            out.computed_fields.push_back(part.is_there);
            computed.push_back(std::move(part.mask));
        }
        keep(out.masks, shown);
        keep(out.join_masks, joined);
        keep(out.computed_masks, computed);
        return out;
    }

  private:
    static const BoolExp* shows(const SelectRight& right, const Column& column) {
        const bool has = right.columns[static_cast<std::size_t>(column.position)];
        return has ? or_filter(right.mask(column), right) : nullptr;
    }
    /// Where a parent may follow relationships over a column: it has a permission at their other end, or sees
    /// the column.
    const BoolExp* leads(const SelectRight& right, int role, const Column& column) const {
        const auto sees = [&](const Table& other) {
            return other.rights[static_cast<std::size_t>(role)].select.has_value();
        };
        const auto starts = [&](const auto& pair) { return pair.first == &column; };
        const auto ends = [&](const auto& pair) { return pair.second == &column; };
        const bool reaches = std::ranges::any_of(draft_.tables, [&](const Table& table) {
            return std::ranges::any_of(table.relationships, [&](const Relationship& each) {
                return (std::ranges::any_of(each.columns, starts) && sees(*each.remote)) ||
                       (std::ranges::any_of(each.columns, ends) && sees(table));
            });
        });
        return reaches ? or_filter(right.join_mask(column), right) : shows(right, column);
    }

    const Draft& draft_;
    const Table& table_;
    std::vector<int> numbers_;
    std::vector<const SelectRight*> parents_;
};

class Heirs {
  public:
    explicit Heirs(Draft& draft) : draft_(draft) {}

    void run() {
        for (const InheritedRole& each : draft_.metadata.inherited_roles) {
            const Role* role = draft_.find_role(each.name);
            if (role == nullptr || each.parents.empty()) continue;  // left out by inherit_lists
            std::vector<int> parents;
            for (const std::string& name : each.parents) parents.push_back(draft_.find_role(name)->number);
            for (Table& table : draft_.tables) inherit(table, *role, parents);
        }
    }

  private:
    const metadata::TablePermissions* own(const Table& table, int role) const {
        const auto& permissions = draft_.facts_of(table).metadata->permissions;
        const auto found = permissions.find(draft_.roles[static_cast<std::size_t>(role)]->name);
        return found == permissions.end() ? nullptr : &found->second;
    }

    void inherit(Table& table, const Role& role, const std::vector<int>& parents) {
        const metadata::TablePermissions* given = own(table, role.number);
        if (given == nullptr || !given->select) inherit_select(table, role, parents);
        inherit_write(table, role, parents, "insert", &metadata::TablePermissions::insert, &Rights::insert);
        inherit_write(table, role, parents, "update", &metadata::TablePermissions::update, &Rights::update);
        inherit_write(table, role, parents, "delete", &metadata::TablePermissions::remove, &Rights::remove);
    }

    void inherit_select(Table& table, const Role& role, const std::vector<int>& parents) {
        std::vector<const SelectRight*> rights;
        std::vector<int> numbers;
        unsigned hidden = ~0U;
        const auto& roots = draft_.facts_of(table).hidden_roots;
        for (const int parent : parents) {
            const auto& right = table.rights[static_cast<std::size_t>(parent)].select;
            if (!right) continue;
            rights.push_back(&*right);
            numbers.push_back(parent);
            hidden &= roots[static_cast<std::size_t>(parent)];
        }
        if (rights.empty()) return;
        auto& made = table.rights[static_cast<std::size_t>(role.number)].select;
        made = rights.size() == 1 ? *rights.front() : Union(draft_, table, numbers, rights).make();
        draft_.facts[static_cast<std::size_t>(table.number)]
            .hidden_roots[static_cast<std::size_t>(role.number)] = hidden;
    }

    /// A write is inherited when all parents that have such a permission have the same.
    template <class Permission, class Right>
    void inherit_write(
        Table& table,
        const Role& role,
        const std::vector<int>& parents,
        std::string_view kind,
        std::optional<Permission> metadata::TablePermissions::* of,
        std::optional<Right> Rights::* right
    ) {
        const auto permission = [&](int number) -> const Permission* {
            const metadata::TablePermissions* all = own(table, number);
            return all != nullptr && all->*of ? &*(all->*of) : nullptr;
        };
        Write& mine = writes_[{&table, role.number, kind}];
        if (permission(role.number) != nullptr) {
            mine.source = role.number;
            return;
        }
        for (const int parent : parents) {
            const auto known = writes_.find({&table, parent, kind});
            Write theirs = known == writes_.end() ? Write{} : known->second;
            if (known == writes_.end() && permission(parent) != nullptr) theirs.source = parent;
            mine.conflicts = mine.conflicts || theirs.conflicts;
            if (theirs.source < 0) continue;
            const bool differs =
                mine.source >= 0 && !is_same(*permission(mine.source), *permission(theirs.source));
            mine.conflicts = mine.conflicts || differs;
            mine.source = theirs.source;
        }
        if (mine.conflicts) return conflict(table, role, kind);
        if (mine.source < 0) return;
        table.rights[static_cast<std::size_t>(role.number)].*right =
            table.rights[static_cast<std::size_t>(mine.source)].*right;
    }

    void conflict(const Table& table, const Role& role, std::string_view kind) {
        const std::string text = table.catalog->name.text();
        draft_.inconsistent(
            "inherited role permission inconsistency",
            joined({"inherited ", kind, "_permission ", role.name, " in table ", text, draft_.in_source()}),
            joined(
                {"Could not inherit permission for the role ",
                 quoted(role.name),
                 " for the entity: '",
                 kind,
                 " permission, table: ",
                 text,
                 ", source: '",
                 draft_.metadata.source_name,
                 "''"}
            )
        );
        draft_.inconsistencies.back().is_harmless = true;
    }

    Draft& draft_;
    std::map<std::tuple<const Table*, int, std::string_view>, Write> writes_;
};

/// Each after its parents. Roles that can't be are noted, and are no more.
std::vector<InheritedRole> in_order(Draft& draft) {
    std::vector<InheritedRole> waiting = std::move(draft.metadata.inherited_roles);
    std::vector<InheritedRole> out;
    const auto is_waiting = [&](const std::string& name) {
        return std::ranges::find(waiting, name, &InheritedRole::name) != waiting.end();
    };
    for (bool goes_on = true; goes_on;) {
        const auto ready = std::ranges::find_if(waiting, [&](const InheritedRole& each) {
            return std::ranges::none_of(each.parents, is_waiting);
        });
        goes_on = ready != waiting.end();
        if (!goes_on) break;
        const auto unknown = std::ranges::find_if(ready->parents, [&](const std::string& name) {
            return name == "admin" || draft.find_role(name) == nullptr;
        });
        if (unknown == ready->parents.end()) {
            out.push_back(std::move(*ready));
        } else {
            draft.inconsistent(
                "inherited_role",
                "inherited_role " + ready->name,
                joined({"in inherited role ", quoted(ready->name), ": there is no role ", quoted(*unknown)})
            );
        }
        waiting.erase(ready);
    }
    for (const InheritedRole& each : waiting) {
        draft.inconsistent(
            "inherited_role",
            "inherited_role " + each.name,
            joined({"in inherited role ", quoted(each.name), ": its parents form a circle"})
        );
    }
    return out;
}

}  // namespace

bool leads_everywhere(const Column& column) {
    return std::ranges::none_of(column.table->rights, [&](const Rights& rights) {
        return rights.select && rights.select->join_mask(column) != nullptr;
    });
}

bool is_masked(const Column& column) {
    return std::ranges::any_of(column.table->rights, [&](const Rights& rights) {
        return rights.select && rights.select->mask(column) != nullptr;
    });
}

void inherit_permissions(Draft& draft) {
    Heirs(draft).run();
}

void inherit_lists(Draft& draft) {
    metadata::Metadata& metadata = draft.metadata;
    metadata.inherited_roles = in_order(draft);
    for (const InheritedRole& role : metadata.inherited_roles) {
        const auto add = [&](std::vector<std::string>& names) {
            const auto is_parent = [&](const std::string& name) {
                return std::ranges::find(role.parents, name) != role.parents.end();
            };
            const bool is_there = std::ranges::find(names, role.name) != names.end();
            if (!is_there && std::ranges::any_of(names, is_parent)) names.push_back(role.name);
        };
        for (metadata::Function& each : metadata.functions) add(each.roles);
        for (metadata::Action& each : metadata.actions) add(each.roles);
        for (metadata::Table& table : metadata.tables) {
            for (metadata::RemoteField& each : table.remote_fields) add(each.roles);
        }
        for (auto& [collection, names] : metadata.allow_list_roles) add(names);
    }
}

}  // namespace weft::graphql
