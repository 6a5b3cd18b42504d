#include "graphql/model/detail/rules.h"

#include <algorithm>

namespace weft::graphql {

namespace {

bool any(const std::vector<bool>& bits) {
    return std::ranges::find(bits, true) != bits.end();
}
bool has(const std::vector<bool>& bits, int position) {
    const auto at = static_cast<std::size_t>(position);
    return at < bits.size() && bits[at];
}

/// What one role sees of the schema, by what it may do.
class Judge {
  public:
    Judge(const Draft& draft, const Role& role, const Access& access)
        : draft_(draft), role_(role), access_(access) {}

    bool allows(const Rule& rule) const {
        switch (rule.kind) {
            case Rule::Kind::kAlways:
                return true;
            case Rule::Kind::kNoQueries:
                return false;  // decided last
            case Rule::Kind::kSelect:
                return select(*rule.table) != nullptr;
            case Rule::Kind::kSelectColumn:
                return select(*rule.table) != nullptr && has(select(*rule.table)->columns, rule.position);
            case Rule::Kind::kAggregate:
                return aggregates(*rule.table);
            case Rule::Kind::kRootSelect:
                return select(*rule.table) != nullptr && !hides(rule);
            case Rule::Kind::kRootSelectByPk:
                return selects_key(*rule.table) && !hides(rule);
            case Rule::Kind::kRootAggregate:
                return aggregates(*rule.table) && !hides(rule);
            case Rule::Kind::kComputed:
                return computed(rule);
            case Rule::Kind::kComputedAggregate:
                return computed(rule) && aggregates(*computed_field(rule).returns);
            case Rule::Kind::kRelationship:
                return select(*rule.table) != nullptr && select(*rule.relationship->remote) != nullptr;
            case Rule::Kind::kRelationshipAggregate:
                return select(*rule.table) != nullptr && aggregates(*rule.relationship->remote);
            case Rule::Kind::kRemote:
                return select(*rule.table) != nullptr && is_listed(*rule.listed);
            case Rule::Kind::kListed:
                return is_listed(*rule.listed);
            case Rule::Kind::kFunction:
                return function(*rule.function);
            case Rule::Kind::kFunctionAggregate:
                return function(*rule.function) && aggregates(*rule.function->returns);
            default:
                return allows_write(rule);
        }
    }

  private:
    bool allows_write(const Rule& rule) const {
        const Table& table = *rule.table;
        switch (rule.kind) {
            case Rule::Kind::kInsert:
                return insert(table) != nullptr;
            case Rule::Kind::kInsertOne:
                return insert(table) != nullptr && select(table) != nullptr;
            case Rule::Kind::kInsertColumn:
                return insert(table) != nullptr && has(insert(table)->columns, rule.position);
            case Rule::Kind::kInsertRelationship:
                return insert(table) != nullptr && insert(*rule.relationship->remote) != nullptr;
            case Rule::Kind::kOnConflict:
                return insert(table) != nullptr;  // "do nothing" is for everybody
            case Rule::Kind::kUpdate:
                return updates(table);
            case Rule::Kind::kUpdateByPk:
                return updates(table) && selects_key(table);
            case Rule::Kind::kUpdateColumn:
                return update(table) != nullptr && has(update(table)->columns, rule.position);
            case Rule::Kind::kNothingUpdatable:
                return update(table) == nullptr || !any(update(table)->columns);
            case Rule::Kind::kDelete:
                return remove(table) != nullptr;
            case Rule::Kind::kDeleteByPk:
                return remove(table) != nullptr && selects_key(table);
            default:
                return false;
        }
    }

    const SelectRight* select(const Table& table) const { return access_.select(table); }
    const InsertRight* insert(const Table& table) const { return access_.insert(table); }
    const UpdateRight* update(const Table& table) const { return access_.update(table); }
    const DeleteRight* remove(const Table& table) const { return access_.remove(table); }

    bool aggregates(const Table& table) const {
        return select(table) != nullptr && select(table)->allows_aggregations;
    }
    /// An update has something to set.
    bool updates(const Table& table) const {
        const UpdateRight* right = update(table);
        return right != nullptr && (any(right->columns) || !right->presets.empty());
    }
    bool selects_key(const Table& table) const {
        const SelectRight* right = select(table);
        return right != nullptr && !table.primary_key.empty() &&
               std::ranges::all_of(table.primary_key, [&](const Column* column) {
                   return has(right->columns, column->position);
               });
    }
    bool hides(const Rule& rule) const {
        if (role_.number < 0) return true;
        const auto& hidden = draft_.facts_of(*rule.table).hidden_roots;
        return (hidden[static_cast<std::size_t>(role_.number)] & rule.hidden) != 0;
    }
    static const ComputedField& computed_field(const Rule& rule) {
        return rule.table->computed_fields[static_cast<std::size_t>(rule.position)];
    }
    bool computed(const Rule& rule) const {
        const SelectRight* right = select(*rule.table);
        if (right == nullptr) return false;
        const Table* returns = computed_field(rule).returns;
        // One that returns rows is governed by the permission of their table.
        return returns != nullptr ? select(*returns) != nullptr : has(right->computed_fields, rule.position);
    }
    bool is_listed(const std::vector<std::string>& names) const {
        return role_.number == 0 || std::ranges::find(names, role_.name) != names.end();
    }
    bool function(const Function& called) const {
        if (select(*called.returns) == nullptr) return false;
        const bool is_inferred = !called.is_mutation && draft_.options.infers_function_permissions;
        return is_inferred || is_listed(called.metadata->roles);
    }

    const Draft& draft_;
    const Role& role_;
    const Access& access_;
};

bool is_backend_only_anywhere(const Draft& draft, const Role& role) {
    if (role.number < 0) return false;
    return std::ranges::any_of(draft.tables, [&](const Table& table) {
        const Rights& rights = table.rights[static_cast<std::size_t>(role.number)];
        return (rights.insert && rights.insert->is_backend_only) ||
               (rights.update && rights.update->is_backend_only) ||
               (rights.remove && rights.remove->is_backend_only);
    });
}

Mask make_mask(const Draft& draft, const Visibility& visibility, const Role& role, const Access& access) {
    const Judge judge(draft, role, access);
    std::vector<std::uint8_t> allowed(visibility.rules.size());
    for (std::size_t i = 0; i < allowed.size(); ++i) allowed[i] = judge.allows(visibility.rules[i]) ? 1 : 0;
    Mask mask(draft.schema.elements());
    for (Element element = 1; element < visibility.of_element.size(); ++element) {
        if (allowed[visibility.of_element[element]] != 0) mask.add(element);
    }
    draft.schema.close(mask);
    // Only now it shows whether anything is left of the query root.
    const auto& queries = draft.schema.query->fields;
    if (std::ranges::any_of(queries, [&](const Field& field) { return mask.has(field.element); }))
        return mask;
    for (const Field& field : queries) {
        if (visibility.of_element[field.element] == Visibility::kNoQueries) mask.add(field.element);
    }
    draft.schema.close(mask);
    return mask;
}

}  // namespace

/// Opens a role's two accesses to the one stage that makes them.
class AccessMaker {
  public:
    AccessMaker(const Draft& draft, const Visibility& visibility) : draft_(draft), visibility_(visibility) {}

    void give(Role& role) const {
        role.usual_ = make(role, Backend::kNo);
        if (is_backend_only_anywhere(draft_, role)) role.backend_ = make(role, Backend::kYes);
    }

  private:
    std::unique_ptr<const Access> make(const Role& role, Backend backend) const {
        auto out = std::make_unique<Access>(draft_.schema, role, backend);
        out->mask_ = make_mask(draft_, visibility_, role, *out);
        return out;
    }

    const Draft& draft_;
    const Visibility& visibility_;
};

void make_accesses(const Draft& draft, const Visibility& visibility, Role& nobody) {
    const AccessMaker maker(draft, visibility);
    for (const std::unique_ptr<Role>& role : draft.roles) maker.give(*role);
    maker.give(nobody);
}

}  // namespace weft::graphql
