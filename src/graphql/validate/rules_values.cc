#include "graphql/validate/detail/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

/// ValuesOfCorrectType and UniqueInputFieldNames.
namespace weft::graphql::rules {

using ValueKind = Value::Kind;

void Walk::wrong_value(const Value& node, std::string message, Failure hasura) {
    context_.report(Rule::kValuesOfCorrectType, std::move(message), {node.at}, std::move(hasura));
}

bool Walk::list_value(const Value& node, const Expected& at) {
    if (at.type.nullable().is_list() || nests(at)) return true;
    leaf_value(node, at.type.nullable());
    return false;
}

bool Walk::object_value(const Value& node, const Expected& at) {
    const Type* type = input_object(at.type);
    if (type == nullptr) {
        leaf_value(node, at.type);
        return false;
    }
    if (!context_.on(Rule::kValuesOfCorrectType)) return true;
    for (const InputValue& each : type->input_fields) {
        if (!each.is_required() || !context_.view().sees(each.element)) continue;
        auto is_it = [&](const ObjectField& field) { return field.name.text == each.name; };
        if (std::ranges::any_of(node.fields, is_it)) continue;
        std::size_t mark = context_.path.mark();
        context_.path.key(each.name);
        wrong_value(
            node,
            fmt::format(
                "Field \"{}.{}\" of required type \"{}\" was not provided.",
                type->name,
                each.name,
                each.type.text()
            ),
            wording::missing_member(each.name, context_.path.text())
        );
        context_.path.back_to(mark);
    }
    if (type->is_one_of) one_of(node, *type);
    return true;
}

void Walk::one_of(const Value& node, const Type& type) {
    const ObjectField* last = node.fields.empty() ? nullptr : &node.fields.back();
    auto is_last = [&](const ObjectField& each) { return each.name.text == last->name.text; };
    if (last == nullptr || !std::ranges::all_of(node.fields, is_last))
        return wrong_value(
            node,
            fmt::format("OneOf Input Object \"{}\" must specify exactly one key.", type.name),
            wording::not_one_of(type, context_.path.text())
        );
    if (last->value.kind == ValueKind::kNull) {
        const InputValue* member = context_.view().input_field(type, last->name.text);
        TypeUse use = member != nullptr ? member->type : TypeUse(&type);
        std::size_t mark = context_.path.mark();
        context_.path.key(last->name.text);
        wrong_value(
            node,
            fmt::format("Field \"{}.{}\" must be non-null.", type.name, last->name.text),
            wording::unexpected_null(use, context_.path.text())
        );
        context_.path.back_to(mark);
        return;
    }
    if (last->value.kind != ValueKind::kVariable || operation_ == nullptr) return;
    // In a fragment, the reference implementation looks at the operation before it.
    const VariableDefinition* definition = nullptr;
    for (const VariableDefinition& each : operation_->variables) {
        if (each.name.text == last->value.text) definition = &each;
    }
    if (definition == nullptr || definition->type.is_non_null) return;
    wrong_value(
        node,
        fmt::format(
            "Variable \"{}\" must be non-nullable to be used for OneOf Input Object \"{}\".",
            last->value.text,
            type.name
        ),
        context_.here(fmt::format(
            "variable \"{0}\" is declared as {1}, but used where {1}! is expected",
            last->value.text,
            print(definition->type)
        ))
    );
}

void Walk::object_field(const ObjectField& node, const Expected& object, const Expected& member) {
    const Type* type = input_object(object.type);
    if (!context_.on(Rule::kValuesOfCorrectType) || type == nullptr || member.type.named() != nullptr) return;
    std::vector<std::string_view> options;
    for (const InputValue& each : type->input_fields) {
        if (context_.view().sees(each.element)) options.push_back(each.name);
    }
    context_.report(
        Rule::kValuesOfCorrectType,
        fmt::format(
            "Field \"{}\" is not defined by type \"{}\".{}",
            node.name.text,
            type->name,
            context_.did_you_mean(node.name.text, options)
        ),
        {node.name.at},
        wording::unknown_member(*type, node.name.text, context_.path.text())
    );
}

void Walk::unique_input_field(std::span<const ObjectField> fields, std::size_t at) {
    if (!context_.on(Rule::kUniqueInputFieldNames) || fields.size() < 2) return;
    const Name& name = fields[at].name;
    constexpr std::size_t kScannedMax = 16;  // wider objects are indexed
    std::optional<std::uint32_t> first;
    if (fields.size() <= kScannedMax) {
        for (std::size_t i = 0; i < at && !first; ++i) {
            if (fields[i].name.text == name.text) first = fields[i].name.at;
        }
    } else {
        auto& known = field_names_[fields.data()];
        auto [entry, is_new] = known.try_emplace(name.text, name.at);
        if (!is_new) first = entry->second;
    }
    if (!first) return;
    std::string message = fmt::format("There can be only one input field named \"{}\".", name.text);
    context_.report(Rule::kUniqueInputFieldNames, message, {*first, name.at}, context_.here(message));
}

void Walk::null_value(const Value& node, const Expected& at) {
    if (!context_.on(Rule::kValuesOfCorrectType) || !at.type.is_non_null()) return;
    wrong_value(
        node,
        fmt::format("Expected value of type \"{}\", found null.", at.type.text()),
        wording::unexpected_null(at.type, context_.path.text())
    );
}

namespace {

/// A built-in scalar: which literals it takes, and how the reference implementation says that one is wrong.
struct Builtin {
    std::string_view name;
    std::array<ValueKind, 2> takes;
    std::string_view complaint;
};
constexpr std::array<Builtin, 5> kBuiltins = {{
    {"Int", {ValueKind::kInt, ValueKind::kInt}, "Int cannot represent non-integer value: "},
    {"Float", {ValueKind::kFloat, ValueKind::kInt}, "Float cannot represent non numeric value: "},
    {"String", {ValueKind::kString, ValueKind::kString}, "String cannot represent a non string value: "},
    {"Boolean", {ValueKind::kBoolean, ValueKind::kBoolean}, "Boolean cannot represent a non boolean value: "},
    {"ID", {ValueKind::kString, ValueKind::kInt}, "ID cannot represent a non-string and non-integer value: "},
}};

bool is_int32(std::string_view text) {
    std::int32_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void Walk::leaf_value(const Value& node, TypeUse use) {
    if (!context_.on(Rule::kValuesOfCorrectType) || use.named() == nullptr) return;
    const Type& type = *use.named();
    auto mismatch = [&](std::string message) {
        wrong_value(
            node,
            std::move(message),
            wording::mismatch(wording::expected(type), type, wording::found(node), context_.path.text())
        );
    };
    if (type.kind == TypeKind::kInput)
        return mismatch(fmt::format("Expected value of type \"{}\", found {}.", use.text(), print(node)));
    if (type.kind == TypeKind::kEnum) {
        if (node.kind == ValueKind::kEnum && context_.view().value(type, node.text) != nullptr) return;
        std::vector<std::string_view> options;
        for (const EnumValue& each : type.values) {
            if (context_.view().sees(each.element)) options.push_back(each.name);
        }
        std::string shown = print(node);
        std::string hint = context_.did_you_mean(shown, options, "the enum value");
        if (node.kind != ValueKind::kEnum)
            return mismatch(
                fmt::format("Enum \"{}\" cannot represent non-enum value: {}.{}", type.name, shown, hint)
            );
        return wrong_value(
            node,
            fmt::format("Value \"{}\" does not exist in \"{}\" enum.{}", shown, type.name, hint),
            wording::unknown_enum_value(context_.view(), type, node.text, context_.path.text())
        );
    }
    if (!type.is_builtin_scalar) return;
    const Builtin* builtin = std::ranges::find(kBuiltins, type.name, &Builtin::name);
    if (std::ranges::find(builtin->takes, node.kind) == builtin->takes.end())
        return mismatch(std::string(builtin->complaint) + print(node));
    if (type.name != "Int" || is_int32(node.text)) return;
    wrong_value(
        node,
        fmt::format("Int cannot represent non 32-bit signed integer value: {}", node.text),
        wording::out_of_range(type, node.text, context_.path.text())
    );
}

}  // namespace weft::graphql::rules
