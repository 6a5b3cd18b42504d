#include "graphql/execute/detail/objects.h"

#include "graphql/execute/detail/answer.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

JsonObject join_of(const JsonObject& object, const OutputRelationship& relationship) {
    JsonObject out;
    for (const auto& [field, column] : relationship.columns) {
        const Json* found = object.if_contains(field);
        if (found == nullptr || found->is_null()) return {};
        out[column->pg_name()] = *found;
    }
    return out;
}

}  // namespace

Outcome<> ObjectPrinter::print(
    std::string& out, const Json& what, TypeUse type, std::vector<RelatedSlot>& slots
) {
    return value(out, what, type, selection_, "", slots);
}

Outcome<> ObjectPrinter::value(
    std::string& out,
    const Json& value,
    TypeUse type,
    const std::vector<Output>& selection,
    const std::string& place,
    std::vector<RelatedSlot>& slots
) {
    if (value.is_null()) {
        if (type.is_non_null()) {
            return failure(
                "unexpected", "expecting not null value for field \"" + std::string(field_) + "\""
            );
        }
        out += "null";
        return {};
    }
    const TypeUse bare = type.nullable();
    if (bare.is_list()) {
        if (!value.is_array()) {
            return failure("unexpected", "expecting array for field \"" + std::string(field_) + "\"");
        }
        out += '[';
        bool is_first = true;
        for (const Json& item : value.get_array()) {
            if (!std::exchange(is_first, false)) out += ',';
            CHECK_OK(this->value(out, item, bare.inner(), selection, place, slots));
        }
        out += ']';
        return {};
    }
    if (!bare.named()->is_composite()) {
        out += to_text(value);
        return {};
    }
    if (!value.is_object()) {
        return failure("unexpected", "expecting object for field \"" + std::string(field_) + "\"");
    }
    return object(out, value.get_object(), *bare.named(), selection, place, slots);
}

Outcome<> ObjectPrinter::object(
    std::string& out,
    const JsonObject& object,
    const Type& type,
    const std::vector<Output>& selection,
    const std::string& place,
    std::vector<RelatedSlot>& slots
) {
    out += '{';
    bool is_first = true;
    for (const Output& output : selection) {
        if (!std::exchange(is_first, false)) out += ',';
        append_json_string(output.key, out);
        out += ':';
        if (output.kind == Output::Kind::kTypename) {
            append_json_string(output.text, out);
            continue;
        }
        if (output.kind == Output::Kind::kSelect) {
            slots.push_back({out.size(), &output, join_of(object, *output.output_relationship)});
            continue;
        }
        const Json* member = object.if_contains(output.text);
        const std::string inner = place.empty() ? output.key : place + "." + output.key;
        const auto below = std::ranges::find(objects_, inner, &Objects::value_type::first);
        const Field* field = type.field(output.text);
        field_ = output.text;
        static const std::vector<Output> kNone;
        const auto& chosen = below == objects_.end() ? kNone : below->second;
        CHECK_OK(value(out, member == nullptr ? Json(nullptr) : *member, field->type, chosen, inner, slots));
    }
    out += '}';
    return {};
}

}  // namespace weft::graphql::detail
