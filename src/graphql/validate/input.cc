#include "graphql/validate/detail/plain.h"

#include <algorithm>

namespace weft::graphql {

namespace {

constexpr Value kNullLiteral{.kind = Value::Kind::kNull};

}  // namespace

struct Input::Step {
    std::shared_ptr<const Step> above;
    std::string key;
};

Input Input::of(const Value& literal, TypeUse type, const Variables& variables) {
    Input out;
    out.variables_ = &variables;
    out.type_ = type;
    if (literal.kind == Value::Kind::kAbsent) return out;
    if (literal.kind != Value::Kind::kVariable) {
        out.literal_ = &literal;
        return out;
    }
    const Variables::One* variable = variables.find(literal.text);
    if (variable == nullptr || !variable->is_given) return out;
    out.json_ = &variable->value;
    out.variable_ = static_cast<int>(variable - variables.all.data());
    return out;
}

Input Input::of_default(const InputValue& definition, const Variables& variables) {
    return of(definition.default_value, definition.type, variables);
}

Input Input::of_json(const Input& above, const Json& json, TypeUse type, std::string key) {
    Input out;
    out.json_ = &json;
    out.variables_ = above.variables_;
    out.type_ = type;
    out.variable_ = above.variable_;
    out.step_ = std::make_shared<const Step>(above.step_, std::move(key));
    return out;
}

bool Input::is_absent() const {
    return literal_ == nullptr && json_ == nullptr;
}

bool Input::is_null() const {
    return json_ != nullptr ? json_->is_null() : literal_ != nullptr && literal_->kind == Value::Kind::kNull;
}

bool Input::is_list() const {
    return !is_absent() && !is_null() && type_.nullable().is_list();
}

bool Input::is_object() const {
    TypeUse bare = type_.nullable();
    if (!bare.is_bare() || bare.named() == nullptr || bare.named()->kind != TypeKind::kInput) return false;
    return json_ != nullptr ? json_->is_object()
                            : literal_ != nullptr && literal_->kind == Value::Kind::kObject;
}

std::size_t Input::size() const {
    if (!is_list()) return 0;
    if (json_ != nullptr) return json_->is_array() ? json_->get_array().size() : 1;
    return literal_->kind == Value::Kind::kList ? literal_->items.size() : 1;
}

Input Input::item(std::size_t at) const {
    TypeUse item_type = type_.nullable().inner();
    if (json_ != nullptr && json_->is_array())
        return of_json(*this, json_->get_array()[at], item_type, std::to_string(at));
    if (literal_ == nullptr || literal_->kind != Value::Kind::kList) {  // a list of one
        Input out = *this;
        out.type_ = item_type;
        return out;
    }
    return written(literal_->items[at], item_type, Unset::kNull);
}

Input Input::written(const Value& literal, TypeUse type, Unset unset) const {
    Input out = of(literal, type, *variables_);
    return out.is_absent() && unset == Unset::kNull ? of(kNullLiteral, type, *variables_) : out;
}

std::vector<Input::Member> Input::members(Unset unset) const {
    std::vector<Member> out;
    if (!is_object()) return out;
    const Type& type = *type_.named();
    if (json_ != nullptr) {
        out.reserve(json_->get_object().size());
        for (const auto& [key, value] : json_->get_object()) {
            std::string_view name(key.data(), key.size());
            const InputValue* definition = type.input_field(name);
            if (definition == nullptr) continue;
            out.push_back({definition, of_json(*this, value, definition->type, std::string(name))});
        }
        return out;
    }
    out.reserve(literal_->fields.size());
    for (const ObjectField& field : literal_->fields) {
        const InputValue* definition = type.input_field(field.name.text);
        if (definition == nullptr) continue;
        Input value = written(field.value, definition->type, unset);
        if (!value.is_absent()) out.push_back({definition, std::move(value)});
    }
    return out;
}

Input Input::member(std::string_view name, Unset unset) const {
    if (!is_object()) return {};
    const InputValue* definition = type_.named()->input_field(name);
    if (definition == nullptr) return {};
    Input out;
    if (json_ != nullptr) {
        const Json* value = json_->get_object().if_contains(name);
        if (value != nullptr) return of_json(*this, *value, definition->type, std::string(name));
    } else {
        auto is_named = [&](const ObjectField& field) { return field.name.text == name; };
        auto field = std::ranges::find_if(literal_->fields, is_named);
        if (field != literal_->fields.end()) out = written(field->value, definition->type, unset);
    }
    return out.is_absent() ? of_default(*definition, *variables_) : out;
}

bool Input::boolean() const {
    if (json_ != nullptr) return json_->is_bool() && json_->get_bool();
    return literal_ != nullptr && literal_->kind == Value::Kind::kBoolean && literal_->text == "true";
}

std::string_view Input::enum_name() const {
    if (json_ != nullptr)
        return json_->is_string() ? std::string_view(json_->get_string()) : std::string_view{};
    return literal_ != nullptr ? literal_->text : std::string_view{};
}

std::string Input::scalar_text() const {
    if (literal_ != nullptr && literal_->items.empty() && literal_->fields.empty()) {
        bool has_text = literal_->kind != Value::Kind::kList && literal_->kind != Value::Kind::kObject;
        if (has_text) return std::string(literal_->text);
    }
    Json value = json();
    if (value.is_string()) return std::string(value.get_string());
    return plain_text(value);
}

Json Input::plain_json(const Value& literal) const {
    switch (literal.kind) {
        case Value::Kind::kVariable: {
            const Variables::One* variable = variables_->find(literal.text);
            return variable != nullptr ? variable->value : Json(nullptr);
        }
        case Value::Kind::kList: {
            JsonArray items;
            items.reserve(literal.items.size());
            for (const Value& each : literal.items) items.push_back(plain_json(each));
            return items;
        }
        case Value::Kind::kObject: {
            JsonObject fields;
            for (const ObjectField& field : literal.fields)
                fields.insert_or_assign(field.name.text, plain_json(field.value));
            return fields;
        }
        default:
            return detail::plain(literal);
    }
}

Json Input::json() const {
    if (is_absent() || is_null()) return nullptr;
    if (is_list()) {
        JsonArray items;
        items.reserve(size());
        for (std::size_t i = 0; i < size(); ++i) items.push_back(item(i).json());
        return items;
    }
    if (is_object()) {
        JsonObject out;
        for (const Member& each : members()) out.insert_or_assign(each.definition->name, each.held.json());
        for (const InputValue& field : type_.named()->input_fields) {
            if (field.default_value && !out.contains(field.name))
                out.emplace(field.name, of_default(field, *variables_).json());
        }
        return out;
    }
    if (json_ != nullptr) return *json_;
    const Type* named = type_.named();
    bool is_id = named != nullptr && named->is_builtin_scalar && named->name == "ID";
    return is_id ? detail::string(literal_->text) : plain_json(*literal_);
}

Input::Origin Input::origin() const {
    Origin out{.variable = variable_};
    for (const Step* step = step_.get(); step != nullptr; step = step->above.get())
        out.path.push_back(step->key);
    std::ranges::reverse(out.path);
    return out;
}

}  // namespace weft::graphql
