#include "graphql/plan/detail/context.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

Source::Shape shape_of(std::string_view sql_type) {
    if (sql_type == "json[]" || sql_type == "jsonb[]") return Source::Shape::kJsonArray;
    if (sql_type.ends_with("[]")) return Source::Shape::kArray;
    return sql_type == "json" || sql_type == "jsonb" ? Source::Shape::kJson : Source::Shape::kText;
}

Source::Shape shape_of(const CatalogType& type) {
    const bool is_array = type.kind == CatalogType::Kind::kArray;
    if (is_array && (type.element == "json" || type.element == "jsonb")) return Source::Shape::kJsonArray;
    if (is_array) return Source::Shape::kArray;
    return type.name == "json" || type.name == "jsonb" ? Source::Shape::kJson : Source::Shape::kText;
}

std::string array_element(const Json& value) {
    if (value.is_null()) return "NULL";
    if (value.is_array()) {
        std::string out = "{";
        for (const Json& each : value.get_array()) {
            if (out.size() > 1) out += ',';
            out += array_element(each);
        }
        return out + '}';
    }
    std::string text = value.is_string() ? std::string(value.get_string()) : plain_text(value);
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

/// Each item is a JSON value, lists and texts too.
std::string json_array_literal(const Json& items) {
    std::vector<std::string> texts;
    for (const Json& each : items.get_array()) texts.push_back(plain_text(each));
    return array_literal(texts);
}

// Recursion over literals is bounded by the parser's depth.
bool holds_variable(const Value& value) {
    return value.kind == Value::Kind::kVariable ||
           std::ranges::any_of(value.items, [](const Value& each) { return holds_variable(each); }) ||
           std::ranges::any_of(value.fields, [](const ObjectField& each) {
               return holds_variable(each.value);
           });
}

/// Does coercion add members that were not given? Then a variable's text alone is not the value.
bool has_defaults(const Type& type, std::vector<const Type*>& seen) {
    if (type.kind != TypeKind::kInput || std::ranges::find(seen, &type) != seen.end()) return false;
    seen.push_back(&type);
    return std::ranges::any_of(type.input_fields, [&](const InputValue& each) {
        return each.default_value || has_defaults(*each.type.named(), seen);
    });
}

std::string literal_text(const Input& value, Source::Shape shape) {
    if (shape == Source::Shape::kJson) return to_text(value.json());
    if (shape != Source::Shape::kArray && shape != Source::Shape::kJsonArray) return value.scalar_text();
    Json json = value.json();
    if (shape == Source::Shape::kJsonArray && json.is_array()) return json_array_literal(json);
    return json.is_string() ? std::string(json.get_string()) : array_element(json);
}

Source source_of(const Input& value, Source::Shape shape);

/// A literal with variables somewhere in it: its parts are put together at execution.
Source composite_of(const Value& literal, const Variables& variables, TypeUse type, Source::Shape shape) {
    bool is_composite = (literal.kind == Value::Kind::kList || literal.kind == Value::Kind::kObject) &&
                        holds_variable(literal);
    if (!is_composite) return source_of(Input::of(literal, type, variables), shape);
    if (shape == Source::Shape::kText) shape = Source::Shape::kJson;  // GeoJSON
    Source out{.kind = Source::Kind::kComposite, .shape = shape};
    TypeUse item_type = type.nullable().is_list() ? type.nullable().inner() : type;
    for (const Value& each : literal.items) {
        // Items of an array are texts, which whoever fills the parameter quotes, or arrays themselves.
        const bool is_text = shape == Source::Shape::kArray && each.kind != Value::Kind::kList;
        const Source::Shape item_shape = is_text                              ? Source::Shape::kText
                                         : shape == Source::Shape::kJsonArray ? Source::Shape::kJson
                                                                              : shape;
        out.items.push_back(composite_of(each, variables, item_type, item_shape));
    }
    for (const ObjectField& each : literal.fields) {
        out.keys.emplace_back(each.name.text);
        out.items.push_back(composite_of(each.value, variables, type, shape));
    }
    return out;
}

/// An input object (or a list of such) as JSON: members with their defaults.
Source json_of_object(const Input& value) {
    Source out{.kind = Source::Kind::kComposite, .shape = Source::Shape::kJson};
    if (value.is_list()) {
        for (std::size_t i = 0; i < value.size(); ++i) out.items.push_back(json_source_of(value.item(i)));
        return out;
    }
    if (value.members().empty()) return {.shape = Source::Shape::kJson, .text = "{}"};
    for (const InputValue& field : value.type().named()->input_fields) {
        Input member = value.member(field.name);
        if (member.is_absent()) continue;
        out.keys.push_back(field.name);
        out.items.push_back(json_source_of(member));
    }
    return out;
}

Source source_of(const Input& value, Source::Shape shape) {
    Source out{.shape = shape};
    if (value.is_absent()) {
        out.is_null = true;
        return out;
    }
    std::vector<const Type*> seen;
    const Value* literal = value.literal();
    const Type& named = *value.type().named();
    bool is_object = named.kind == TypeKind::kInput && !value.is_null();
    if (is_object && (literal != nullptr ? holds_variable(*literal) : has_defaults(named, seen)))
        return json_of_object(value);
    if (literal != nullptr && holds_variable(*literal))
        return composite_of(*literal, *value.variables(), value.type(), shape);
    Input::Origin origin = value.origin();
    if (origin.variable >= 0) {
        out.kind = Source::Kind::kVariable;
        out.variable = origin.variable;
        out.path = std::move(origin.path);
    } else if (value.is_null()) {
        out.is_null = true;
    } else {
        out.text = literal_text(value, shape);
    }
    return out;
}

}  // namespace

std::vector<Argument> arguments_of(Context& c, const Collected& field) {
    std::vector<Argument> out;
    if (field.field == nullptr) return out;
    out.reserve(field.field->arguments.size());
    for (const InputValue& definition : field.field->arguments) {
        Argument argument{.definition = &definition};
        if (definition.binding != kUnbound) argument.meaning = &c.model.meaning(definition.binding);
        for (const graphql::Argument& given : field.selection->arguments) {
            if (given.name.text != definition.name) continue;
            if (!c.view().sees(definition.element)) c.note_hidden(definition.name);
            argument.value = Input::of(given.value, definition.type, c.variables);
        }
        if (argument.value.is_absent()) argument.value = Input::of_default(definition, c.variables);
        out.push_back(std::move(argument));
    }
    return out;
}

Argument argument_of(Context& c, const Collected& field, Meaning::Kind kind) {
    for (Argument& each : arguments_of(c, field)) {
        if (each.meaning != nullptr && each.meaning->kind == kind) return std::move(each);
    }
    return {};
}

namespace {

Operand operand_with(const Input& value, Source::Shape shape, std::string sql_type) {
    Operand out;
    out.source = source_of(value, shape);
    const bool is_float = value.literal() != nullptr && value.literal()->kind == Value::Kind::kFloat;
    if (is_float && sql_type == "money") out.source.text = plain_text(value.json());  // it reads no exponent
    out.sql_type = std::move(sql_type);
    return out;
}

}  // namespace

Operand operand_of(const Input& value, std::string sql_type) {
    const Source::Shape shape = shape_of(sql_type);
    return operand_with(value, shape, std::move(sql_type));
}

Operand operand_of(const Input& value, const CatalogType& type) {
    return operand_with(value, shape_of(type), type.sql);
}

std::string array_literal(const std::vector<std::string>& texts) {
    JsonArray items;
    for (const std::string& each : texts) items.emplace_back(each);
    return array_element(items);
}

Source json_source_of(const Input& value) {
    return source_of(value, Source::Shape::kJson);
}

}  // namespace weft::graphql::detail
