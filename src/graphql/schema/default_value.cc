#include "graphql/schema/detail/builder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace weft::graphql {

namespace {

constexpr int kDepthMax = 64;  // of defaults within defaults; deeper ones count as none
constexpr std::size_t kBytesMax =
    64u << 10;  // defaults of defaults can double at every level; more counts as none

bool is_integer_text(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text.empty() || (text.front() == '0' && text.size() > 1)) return false;
    return text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// As JavaScript writes a number: shortest digits, with an exponent from 1e21 on and below 1e-6.
bool write_number(std::string& out, std::string_view text) {
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || !std::isfinite(number)) return false;
    if (number == 0) {
        out += '0';
        return true;
    }
    std::array<char, 512> buffer;  // fixed notation of a double below 1e21 is far shorter
    const double size = std::fabs(number);
    const bool is_fixed = size >= 1e-6 && size < 1e21;
    const auto format = is_fixed ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, format).ptr;
    std::string_view written(buffer.data(), end);
    if (is_fixed) {
        out += written;
        return true;
    }
    const std::size_t exponent = written.find('e') + 2;  // after the sign, which is always there
    out += written.substr(0, exponent);
    written.remove_prefix(exponent);
    out += written.starts_with('0') ? written.substr(1) : written;  // e-07 is e-7
    return true;
}

bool write_int(std::string& out, std::string_view text) {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || number > std::numeric_limits<std::int32_t>::max() ||
        number < std::numeric_limits<std::int32_t>::min()) {
        return false;
    }
    out += std::to_string(number);
    return true;
}

}  // namespace

bool write_scalar_literal(std::string& out, const Value& value, const Type& type) {
    using Kind = Value::Kind;
    const bool is_number = value.kind == Kind::kInt || value.kind == Kind::kFloat;
    if (!type.is_builtin_scalar) {
        if (value.kind == Kind::kFloat) return write_number(out, value.text);
        if (value.kind == Kind::kString || value.kind == Kind::kEnum) {
            append_quoted(out, value.text);
        } else {
            out += print(value);
        }
        return true;
    }
    if (type.name == "Int") return value.kind == Kind::kInt && write_int(out, value.text);
    if (type.name == "Float") return is_number && write_number(out, value.text);
    if (type.name == "Boolean") {
        out += value.text;
        return value.kind == Kind::kBoolean;
    }
    const bool is_id = type.name == "ID";
    if (value.kind != Kind::kString && (value.kind != Kind::kInt || !is_id)) return false;
    if (is_id && is_integer_text(value.text)) {
        out += value.text;
    } else {
        append_quoted(out, value.text);
    }
    return true;
}

void SchemaBuilder::settle_defaults() {
    const auto note = [this](std::vector<InputValue>& inputs) {
        for (InputValue& input : inputs) {
            const bool is_settled = !input.default_text.empty();  // it was there before
            if (input.default_value && !is_settled) unsettled_.emplace(&input, &input);
        }
    };
    for (Type* type : touched_) {
        note(type->input_fields);
        for (Field& field : type->fields) note(field.arguments);
    }
    for (DirectiveType& directive : schema_.directives_) note(directive.arguments);
    while (!unsettled_.empty()) settle(*unsettled_.begin()->first, 0);
}

void SchemaBuilder::settle(const InputValue& input, int depth) {
    const auto found = unsettled_.find(&input);
    if (found == unsettled_.end()) return;
    InputValue& target = *found->second;
    unsettled_.erase(found);
    const Value written = std::exchange(target.default_value, {});  // one that needs itself finds none
    std::string text;
    if (!write(text, written, target.type, depth)) return;
    target.default_value = schema_.literal(text);
    target.default_text = std::move(text);
}

bool SchemaBuilder::write(std::string& out, const Value& value, TypeUse type, int depth) {
    if (depth > kDepthMax || out.size() > kBytesMax || !value || value.kind == Value::Kind::kVariable)
        return false;
    if (value.kind == Value::Kind::kNull) {
        out += "null";
        return !type.is_non_null();
    }
    type = type.nullable();
    if (type.is_list()) {
        out += '[';
        if (value.kind != Value::Kind::kList) {
            if (!write(out, value, type.inner(), depth + 1)) return false;
        } else {
            for (const Value& item : value.items) {
                if (&item != value.items.data()) out += ", ";
                if (!write(out, item, type.inner(), depth + 1)) return false;
            }
        }
        out += ']';
        return true;
    }
    const Type& named = *type.named();
    if (named.kind == TypeKind::kScalar) return write_scalar_literal(out, value, named);
    if (named.kind == TypeKind::kInput) return write_object(out, value, named, depth);
    if (named.kind != TypeKind::kEnum || value.kind != Value::Kind::kEnum) return false;
    out += value.text;
    return std::ranges::find(named.values, value.text, &EnumValue::name) != named.values.end();
}

bool SchemaBuilder::write_object(std::string& out, const Value& value, const Type& type, int depth) {
    if (value.kind != Value::Kind::kObject) return false;
    if (type.is_one_of) {
        if (value.fields.size() != 1 || value.fields[0].value.kind == Value::Kind::kNull) return false;
    }
    bool is_first = true;
    out += '{';
    for (const InputValue& field : type.input_fields) {
        const auto given = std::ranges::find(value.fields, field.name, [](const ObjectField& each) {
            return each.name.text;
        });
        if (given == value.fields.end()) {
            settle(field, depth + 1);
            if (field.default_text.empty()) {
                if (field.type.is_non_null()) return false;
                continue;
            }
        }
        out += is_first ? "" : ", ";
        is_first = false;
        out += field.name + ": ";
        if (given == value.fields.end()) {
            out += field.default_text;
            if (out.size() > kBytesMax) return false;
        } else if (!write(out, given->value, field.type, depth + 1)) {
            return false;
        }
    }
    out += '}';
    return true;
}

}  // namespace weft::graphql
