#include "graphql/validate/detail/overlap.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::graphql::rules {

namespace {

/// Appends a value so that equal ones give equal texts: members by name.
void append_canonical(std::string& out, const Value& value) {
    out += static_cast<char>('a' + static_cast<int>(value.kind));
    if (value.kind == Value::Kind::kList) {
        for (const Value& item : value.items) append_canonical(out, item);
    } else if (value.kind == Value::Kind::kObject) {
        std::vector<const ObjectField*> sorted;
        for (const ObjectField& field : value.fields) sorted.push_back(&field);
        std::ranges::sort(sorted, {}, [](const ObjectField* field) { return field->name.text; });
        for (const ObjectField* field : sorted) {
            out += field->name.text;
            out += ':';
            append_canonical(out, field->value);
        }
    } else {
        if (value.is_block) out += '"';
        out += std::to_string(value.text.size());
        out += ':';
        out += value.text;
    }
    out += ';';
}

bool is_object(const Type* type) {
    return type != nullptr && type->kind == TypeKind::kObject;
}

bool types_conflict(TypeUse a, TypeUse b) {
    while (!a.is_bare() || !b.is_bare()) {
        if (a.is_list() != b.is_list() || a.is_non_null() != b.is_non_null()) return true;
        a = a.inner();
        b = b.inner();
    }
    return (a.named()->is_leaf() || b.named()->is_leaf()) && a != b;
}

}  // namespace

const FieldMap& Fields::map(const Type* parent, std::span<const Selection> selections) {
    auto [entry, is_new] = maps_.try_emplace(selections.data());
    if (!is_new) return *entry->second;
    entry->second = std::make_unique<FieldMap>();
    FieldMap& out = *entry->second;
    collect(parent, selections, out);
    std::unordered_map<std::string_view, bool> seen;
    std::erase_if(out.fragments, [&](std::string_view name) { return !seen.emplace(name, true).second; });
    return out;
}

const FieldMap& Fields::map(const Fragment& fragment) {
    return map(context_.view().type(fragment.type_condition.text), fragment.selections);
}

FieldNode Fields::field(const Type* parent, const Selection& node) const {
    FieldNode out{.parent = parent, .node = &node};
    bool has_fields =
        parent != nullptr && (parent->kind == TypeKind::kObject || parent->kind == TypeKind::kInterface);
    if (has_fields && !node.name.text.starts_with("__"))
        out.definition = context_.view().field(*parent, node.name.text);
    return out;
}

void Fields::collect(const Type* parent, std::span<const Selection> selections, FieldMap& out) {
    for (const Selection& node : selections) {
        if (node.kind == Selection::Kind::kField) {
            auto [at, is_new] = out.index.try_emplace(node.response_key(), out.groups.size());
            if (is_new) out.groups.emplace_back(node.response_key(), std::vector<FieldNode>{});
            out.groups[at->second].second.push_back(field(parent, node));
        } else if (node.kind == Selection::Kind::kFragmentSpread) {
            out.fragments.push_back(node.name.text);
        } else {
            const Type* inner = node.type_condition ? context_.view().type(node.type_condition.text) : parent;
            collect(inner, node.selections, out);
        }
    }
}

const std::string& Fields::arguments(const Selection& node) {
    auto [entry, is_new] = arguments_.try_emplace(&node);
    if (!is_new || node.arguments.empty()) return entry->second;
    std::vector<const Argument*> sorted;
    for (const Argument& argument : node.arguments) sorted.push_back(&argument);
    std::ranges::sort(sorted, {}, [](const Argument* argument) { return argument->name.text; });
    for (const Argument* argument : sorted) {
        entry->second += argument->name.text;
        entry->second += '=';
        append_canonical(entry->second, argument->value);
    }
    return entry->second;
}

std::optional<Conflict> Fields::conflict(const FieldNode& a, const FieldNode& b, bool is_exclusive) {
    std::string_view response_name = a.node->response_key();
    auto out = [&](std::string reason, std::string hasura) {
        return Conflict{
            .response_name = response_name,
            .reason = std::move(reason),
            .first = {a.node->at},
            .second = {b.node->at},
            .hasura = std::move(hasura),
        };
    };
    if (!is_exclusive) {
        std::string_view left = a.node->name.text;
        std::string_view right = b.node->name.text;
        if (left != right)
            return out(
                fmt::format("\"{}\" and \"{}\" are different fields", left, right),
                fmt::format(
                    "selection of both {} and {} specify the same response name, {}",
                    left,
                    right,
                    response_name
                )
            );
        bool is_bare = a.node->arguments.empty() && b.node->arguments.empty();
        if (!is_bare && arguments(*a.node) != arguments(*b.node))
            return out(
                "they have differing arguments",
                fmt::format("inconsistent arguments between multiple selections of field {}", left)
            );
    }
    if (a.definition == nullptr || b.definition == nullptr || !types_conflict(a.type(), b.type()))
        return std::nullopt;
    return out(
        fmt::format("they return conflicting types \"{}\" and \"{}\"", a.type().text(), b.type().text()),
        fmt::format("selections of {} have different types", response_name)
    );
}

bool are_exclusive(const FieldNode& a, const FieldNode& b) {
    return a.parent != b.parent && is_object(a.parent) && is_object(b.parent);
}

}  // namespace weft::graphql::rules
