#include "graphql/schema/detail/introspection_plan.h"

#include <algorithm>
#include <array>

namespace weft::graphql {

namespace {

constexpr std::size_t kVisitsMax = 50'000;  // selections after expansion; a full introspection has some 300
constexpr int kSelectionDepthMax = 128;     // of selections and fragments; each costs a stack frame

struct Entry {
    MetaKind on;
    std::string_view name;
    MetaField field;
    MetaKind below = MetaKind::kNone;
};

constexpr std::array kEntries = {
    Entry{MetaKind::kSchema, "description", MetaField::kDescription},
    Entry{MetaKind::kSchema, "types", MetaField::kTypes, MetaKind::kType},
    Entry{MetaKind::kSchema, "queryType", MetaField::kQueryType, MetaKind::kType},
    Entry{MetaKind::kSchema, "mutationType", MetaField::kMutationType, MetaKind::kType},
    Entry{MetaKind::kSchema, "subscriptionType", MetaField::kSubscriptionType, MetaKind::kType},
    Entry{MetaKind::kSchema, "directives", MetaField::kDirectives, MetaKind::kDirective},
    Entry{MetaKind::kType, "kind", MetaField::kKind},
    Entry{MetaKind::kType, "name", MetaField::kName},
    Entry{MetaKind::kType, "description", MetaField::kDescription},
    Entry{MetaKind::kType, "specifiedByURL", MetaField::kSpecifiedByUrl},
    Entry{MetaKind::kType, "fields", MetaField::kFields, MetaKind::kField},
    Entry{MetaKind::kType, "interfaces", MetaField::kInterfaces, MetaKind::kType},
    Entry{MetaKind::kType, "possibleTypes", MetaField::kPossibleTypes, MetaKind::kType},
    Entry{MetaKind::kType, "enumValues", MetaField::kEnumValues, MetaKind::kEnumValue},
    Entry{MetaKind::kType, "inputFields", MetaField::kInputFields, MetaKind::kInputValue},
    Entry{MetaKind::kType, "ofType", MetaField::kOfType, MetaKind::kType},
    Entry{MetaKind::kType, "isOneOf", MetaField::kIsOneOf},
    Entry{MetaKind::kField, "name", MetaField::kName},
    Entry{MetaKind::kField, "description", MetaField::kDescription},
    Entry{MetaKind::kField, "args", MetaField::kArgs, MetaKind::kInputValue},
    Entry{MetaKind::kField, "type", MetaField::kType, MetaKind::kType},
    Entry{MetaKind::kField, "isDeprecated", MetaField::kIsDeprecated},
    Entry{MetaKind::kField, "deprecationReason", MetaField::kDeprecationReason},
    Entry{MetaKind::kInputValue, "name", MetaField::kName},
    Entry{MetaKind::kInputValue, "description", MetaField::kDescription},
    Entry{MetaKind::kInputValue, "type", MetaField::kType, MetaKind::kType},
    Entry{MetaKind::kInputValue, "defaultValue", MetaField::kDefaultValue},
    Entry{MetaKind::kInputValue, "isDeprecated", MetaField::kIsDeprecated},
    Entry{MetaKind::kInputValue, "deprecationReason", MetaField::kDeprecationReason},
    Entry{MetaKind::kEnumValue, "name", MetaField::kName},
    Entry{MetaKind::kEnumValue, "description", MetaField::kDescription},
    Entry{MetaKind::kEnumValue, "isDeprecated", MetaField::kIsDeprecated},
    Entry{MetaKind::kEnumValue, "deprecationReason", MetaField::kDeprecationReason},
    Entry{MetaKind::kDirective, "name", MetaField::kName},
    Entry{MetaKind::kDirective, "description", MetaField::kDescription},
    Entry{MetaKind::kDirective, "isRepeatable", MetaField::kIsRepeatable},
    Entry{MetaKind::kDirective, "locations", MetaField::kLocations},
    Entry{MetaKind::kDirective, "args", MetaField::kArgs, MetaKind::kInputValue},
};

}  // namespace

std::string_view name_of(MetaKind kind) {
    switch (kind) {
        case MetaKind::kSchema:
            return "__Schema";
        case MetaKind::kType:
            return "__Type";
        case MetaKind::kField:
            return "__Field";
        case MetaKind::kInputValue:
            return "__InputValue";
        case MetaKind::kEnumValue:
            return "__EnumValue";
        case MetaKind::kDirective:
            return "__Directive";
        case MetaKind::kNone:
            break;
    }
    return "";
}

Value IntrospectionPlan::argument(const Selection& selection, std::string_view name) const {
    for (const Argument& argument : selection.arguments) {
        if (argument.name.text != name) continue;
        if (argument.value.kind == Value::Kind::kVariable) return input_.variable(argument.value.text);
        return argument.value;
    }
    return {};
}

std::optional<std::uint32_t> IntrospectionPlan::add(MetaKind kind, std::span<const Selection> selections) {
    return add(kind, std::vector{selections}, 0);
}

std::optional<std::uint32_t> IntrospectionPlan::add(
    MetaKind kind, const std::vector<std::span<const Selection>>& selections, int depth
) {
    std::vector<Merged> fields;
    Spreads spreads;
    for (const std::span<const Selection> each : selections) {
        if (!collect(kind, each, spreads, fields, depth)) return std::nullopt;
    }
    MetaSet set{.kind = kind};
    for (Merged& field : fields) {
        if (field.below != MetaKind::kNone) {
            const auto below = add(field.below, field.selections, depth + 1);
            if (!below) return std::nullopt;
            field.step.below = *below;
        }
        set.steps.push_back(field.step);
    }
    sets_.push_back(std::move(set));
    return static_cast<std::uint32_t>(sets_.size() - 1);
}

bool IntrospectionPlan::collect(
    MetaKind kind, std::span<const Selection> from, Spreads& spreads, std::vector<Merged>& to, int depth
) {
    if (depth > kSelectionDepthMax) return false;
    for (const Selection& selection : from) {
        if (++visited_ > kVisitsMax) return false;
        if (!input_.includes(selection)) continue;
        if (selection.kind == Selection::Kind::kField) {
            if (!collect_field(kind, selection, to)) return false;
            continue;
        }
        std::string_view condition = selection.type_condition.text;
        std::span<const Selection> below = selection.selections;
        if (selection.kind == Selection::Kind::kFragmentSpread) {
            const Fragment* fragment = document_.fragment(selection.name.text);
            if (fragment == nullptr || !spreads.insert(selection.name.text).second) continue;
            condition = fragment->type_condition.text;
            below = fragment->selections;
        }
        if (!condition.empty() && condition != name_of(kind)) continue;
        if (!collect(kind, below, spreads, to, depth + 1)) return false;
    }
    return true;
}

bool IntrospectionPlan::collect_field(MetaKind kind, const Selection& selection, std::vector<Merged>& to) {
    const std::string_view key = selection.response_key();
    const auto same = std::ranges::find(to, key, [](const Merged& each) { return each.step.key; });
    if (same != to.end()) {
        visited_ += static_cast<std::size_t>(same - to.begin()) / 64;  // what the search cost
        same->selections.push_back(selection.selections);
        return true;
    }
    visited_ += to.size() / 64;
    Merged merged;
    merged.step.key = key;
    if (selection.name.text != "__typename") {
        const auto entry = std::ranges::find_if(kEntries, [&](const Entry& each) {
            return each.on == kind && each.name == selection.name.text;
        });
        if (entry == kEntries.end()) return true;  // validation has refused it
        merged.step.field = entry->field;
        merged.below = entry->below;
        const Value deprecated = argument(selection, "includeDeprecated");
        merged.step.with_deprecated = deprecated.kind == Value::Kind::kBoolean && deprecated.text == "true";
        merged.selections.push_back(selection.selections);
    }
    to.push_back(std::move(merged));
    return true;
}

}  // namespace weft::graphql
