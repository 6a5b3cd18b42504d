#include "graphql/validate/detail/plain.h"
#include "graphql/validate/detail/usages.h"
#include "graphql/validate/detail/wording.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace weft::graphql {

namespace {

std::string_view text_of(const Json& value) {
    return {value.get_string().data(), value.get_string().size()};
}

/// Coerces one variable's value; recursion is bounded by the depth of the JSON text and of the type.
class Coercer {
  public:
    Coercer(const View& view, int list_values_max, std::string& shape)
        : view_(view), list_values_max_(static_cast<std::size_t>(list_values_max)), shape_(shape) {}

    bool coerce(const Json& in, TypeUse type, Strings strings, Json& out);
    Failure& error() { return error_; }  // with the path below the variable
    void start() { path_.back_to(1); }

  private:
    bool fail(Failure error) {
        error_ = std::move(error);
        return false;
    }
    bool list(const Json& in, TypeUse type, Strings strings, Json& out);
    bool object(const Json& in, const Type& type, Json& out);
    bool one_of(const JsonObject& in, const Type& type);
    bool enumeration(const Json& in, const Type& type, Json& out);
    bool scalar(const Json& in, const Type& type, Strings strings, Json& out);
    bool integer(const Json& in, const Type& type, Strings strings, Json& out);
    bool builtin(const Json& in, const Type& type, Strings strings, Json& out);

    const View& view_;
    std::size_t list_values_max_;
    std::string& shape_;
    Path path_;
    Failure error_;
};

bool Coercer::coerce(const Json& in, TypeUse type, Strings strings, Json& out) {
    if (in.is_null()) {
        if (type.is_non_null()) return fail(wording::unexpected_null(type, path_.text()));
        out = nullptr;
        shape_ += 'n';
        return true;
    }
    TypeUse bare = type.nullable();
    if (bare.is_list()) return list(in, bare.inner(), strings, out);
    if (strings == Strings::kArray && in.is_array()) return list(in, type, strings, out);
    const Type& named = *bare.named();
    if (named.kind == TypeKind::kInput) return object(in, named, out);
    if (named.kind == TypeKind::kEnum) return enumeration(in, named, out);
    return scalar(in, named, strings, out);
}

bool Coercer::list(const Json& in, TypeUse item_type, Strings strings, Json& out) {
    const Json* items = &in;
    std::size_t count = 1;
    if (in.is_array()) {
        items = in.get_array().data();
        count = in.get_array().size();
    }
    if (count > list_values_max_)
        return fail(
            {.message = fmt::format("a list has {} values; at most {} are allowed", count, list_values_max_),
             .path = path_.text()}
        );
    std::size_t shape_mark = shape_.size();
    shape_ += '[';
    JsonArray values(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t mark = path_.mark();
        path_.index(i);
        if (!coerce(items[i], item_type, strings, values[i])) return false;
        path_.back_to(mark);
    }
    shape_ += ']';
    if (item_type.named()->kind == TypeKind::kScalar) {  // one array parameter, however many values
        bool has_null = shape_.find_first_of("nL", shape_mark) != std::string::npos;
        shape_.resize(shape_mark);
        shape_ += has_null ? 'L' : 'l';
    }
    out = std::move(values);
    return true;
}

bool Coercer::object(const Json& in, const Type& type, Json& out) {
    if (!in.is_object()) return fail(wording::mismatch("an object", type, wording::found(in), path_.text()));
    const JsonObject& given = in.get_object();
    std::size_t mark = path_.mark();
    JsonObject members;
    members.reserve(given.size());
    shape_ += '{';
    for (const auto& [name, value] : given) {
        const InputValue* definition = view_.input_field(type, {name.data(), name.size()});
        path_.key({name.data(), name.size()});
        if (definition == nullptr)
            return fail(wording::unknown_member(type, {name.data(), name.size()}, path_.text()));
        shape_ += definition->name;
        shape_ += ':';
        if (!coerce(value, definition->type, definition->strings, members[name])) return false;
        path_.back_to(mark);
    }
    shape_ += '}';
    for (const InputValue& field : type.input_fields) {
        if (!field.is_required() || members.contains(field.name) || !view_.sees(field.element)) continue;
        path_.key(field.name);
        return fail(wording::missing_member(field.name, path_.text()));
    }
    if (type.is_one_of && !one_of(members, type)) return false;
    out = std::move(members);
    return true;
}

bool Coercer::one_of(const JsonObject& in, const Type& type) {
    if (in.size() != 1) return fail(wording::not_one_of(type, path_.text()));
    if (!in.begin()->value().is_null()) return true;
    std::string_view name(in.begin()->key().data(), in.begin()->key().size());
    TypeUse member = view_.input_field(type, name)->type;
    path_.key(name);
    return fail(wording::unexpected_null(member, path_.text()));
}

bool Coercer::enumeration(const Json& in, const Type& type, Json& out) {
    if (!in.is_string())
        return fail(wording::mismatch("an enum value", type, wording::found(in), path_.text()));
    const EnumValue* value = view_.value(type, text_of(in));
    if (value == nullptr) return fail(wording::unknown_enum_value(view_, type, text_of(in), path_.text()));
    shape_ += 'e';
    shape_ += value->name;
    shape_ += ';';
    out = in;
    return true;
}

bool Coercer::scalar(const Json& in, const Type& type, Strings strings, Json& out) {
    if (type.name == "Boolean" && in.is_bool()) {
        out = in;
        shape_ += in.get_bool() ? 't' : 'f';
        return true;
    }
    shape_ += 's';
    if (type.is_builtin_scalar) return builtin(in, type, strings, out);
    // PostgreSQL's integers read no fraction and no exponent, not even of a whole number.
    const bool is_integer = type.name == "bigint" || type.name == "smallint";
    const auto whole = is_integer ? in.if_int64() : std::nullopt;
    out = whole ? Json(*whole) : in;
    return true;
}

bool Coercer::builtin(const Json& in, const Type& type, Strings strings, Json& out) {
    bool is_taken = in.is_string() && (strings == Strings::kAny || strings == Strings::kArray ||
                                       (strings == Strings::kDigits && rules::is_digits(text_of(in))));
    if (type.name == "String" || type.name == "ID" || is_taken) {
        if (in.is_string()) return out = in, true;
    }
    if (type.name == "String" || type.name == "Boolean" || !in.is_number())
        return fail(wording::mismatch(wording::expected(type), type, wording::found(in), path_.text()));
    if (type.name == "Float") return out = in, true;
    return integer(in, type, strings, out);
}

bool Coercer::integer(const Json& in, const Type& type, Strings strings, Json& out) {
    std::optional<std::int64_t> number = in.if_int64();
    bool is_int = type.name == "Int";
    constexpr std::int64_t kMin = std::numeric_limits<std::int32_t>::min();
    constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
    bool is_narrow = is_int && strings != Strings::kDigits;
    if (!number || (is_narrow && (*number < kMin || *number > kMax)))
        return fail(wording::out_of_range(type, plain_text(in), path_.text()));
    if (is_int) {
        out = *number;
    } else {
        out = std::to_string(*number);
    }
    return true;
}

Failure unexpected_variables(const Operation& operation, const JsonObject& given) {
    std::vector<std::string> names;
    for (const auto& [name, value] : given) {
        auto is_defined = [&](const VariableDefinition& each) {
            return each.name.text == std::string_view(name.data(), name.size());
        };
        if (std::ranges::none_of(operation.variables, is_defined)) names.emplace_back(name);
    }
    return {.message = fmt::format("unexpected variables in variableValues: {}", fmt::join(names, ", "))};
}

/// Every use of a variable, with the path from the operation on.
std::vector<rules::Usage> uses_of(
    const View& view, const Operation& operation, const Document* document, std::string_view variable
) {
    std::vector<rules::Usage> out;
    auto add = [&](const rules::Scope& scope, auto&& path_of) {
        for (rules::Usage& usage : rules::usages(view, scope)) {
            if (usage.value->text != variable) continue;
            usage.path = path_of(usage.path);
            out.push_back(std::move(usage));
        }
    };
    add({.operation = &operation}, [](const std::string& path) { return path; });
    if (document == nullptr) return out;
    ValidateOptions options;
    rules::Context context(*document, view, options);
    for (const Fragment* fragment : context.reachable(operation))
        add({.fragment = fragment},
            [&](const std::string& path) { return context.absolute(fragment, path); });
    return out;
}

/// What all uses of a variable take.
Strings strings_at(const std::vector<rules::Usage>& uses) {
    if (uses.empty()) return Strings::kNone;
    Strings first = uses.front().expected.strings;
    bool is_everywhere =
        std::ranges::all_of(uses, [&](const rules::Usage& each) { return each.expected.strings == first; });
    return is_everywhere ? first : Strings::kNone;
}

Failure located(Failure failure, std::string base, const VariableDefinition& variable) {
    if (base.empty()) base = Path().key("variableValues").key(variable.name.text).text();
    failure.path = base + failure.path.substr(1);
    failure.at = {variable.at};
    return failure;
}

}  // namespace

Outcome<Variables> coerce_variables(
    const View& view,
    const Operation& operation,
    const JsonObject& given,
    int list_values_max,
    const Document* document
) {
    Variables out;
    out.all.reserve(operation.variables.size());
    Coercer coercer(view, list_values_max, out.shape);
    std::optional<Failure> wrong;  // that a variable is missing or unknown goes before wrong values
    std::size_t used = 0;
    for (const VariableDefinition& definition : operation.variables) {
        std::optional<TypeUse> type = rules::declared(view, definition.type);
        if (!type || !type->named()->is_input())
            return failure(
                "validation-failed", fmt::format("\"{}\" is not an input type", print(definition.type))
            );
        Variables::One& one = out.all.emplace_back(definition.name.text, &definition, *type);
        const Json* value = given.empty() ? nullptr : given.if_contains(definition.name.text);
        used += value != nullptr ? 1 : 0;
        one.is_given = value != nullptr || definition.default_value;
        if (!one.is_given) {
            if (type->is_non_null())
                return failure(
                    "validation-failed",
                    fmt::format("expecting a value for non-nullable variable: \"{}\"", definition.name.text)
                );
            out.shape += '-';
            continue;
        }
        if (wrong) continue;
        coercer.start();
        std::size_t shape_mark = out.shape.size();
        const Json by_default = value != nullptr ? Json() : detail::plain(definition.default_value);
        const Json& in = value != nullptr ? *value : by_default;
        if (coercer.coerce(in, *type, Strings::kNone, one.value)) continue;
        // Only now is it worth a look at where the variable is used.
        std::vector<rules::Usage> uses = uses_of(view, operation, document, one.name);
        Strings strings = strings_at(uses);
        out.shape.resize(shape_mark);
        coercer.start();
        if (strings != Strings::kNone && coercer.coerce(in, *type, strings, one.value)) continue;
        wrong = located(std::move(coercer.error()), uses.empty() ? "" : uses.front().path, definition);
    }
    if (used != given.size()) return std::unexpected(unexpected_variables(operation, given));
    if (wrong) return std::unexpected(std::move(*wrong));
    return out;
}

}  // namespace weft::graphql
