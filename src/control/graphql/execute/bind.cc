#include "control/graphql/execute/detail/bind.h"

#include "control/graphql/execute/detail/answer.h"
#include "platform/pg/value.h"

#include <charconv>

namespace weft::graphql::detail {

namespace {

/// A scalar as PostgreSQL reads its type.
std::optional<std::string> scalar_text(const Json& value) {
    if (value.is_null()) return std::nullopt;
    if (value.is_string()) return std::string(value.get_string());
    return to_text(value);
}

std::string array_text(const JsonArray& items) {
    pg::ArrayParam out;
    for (const Json& item : items) out.add(scalar_text(item));
    return out.text();
}

std::optional<std::string> text_of(const Json& value, Source::Shape shape) {
    if (shape == Source::Shape::kJson) return to_text(value);
    if (value.is_null()) return std::nullopt;
    if (shape != Source::Shape::kArray) return scalar_text(value);
    // A lone string is an array literal already; any other lone value is a list of one.
    if (value.is_string()) return std::string(value.get_string());
    return value.is_array() ? array_text(value.get_array()) : array_text(JsonArray{value});
}

Outcome<std::optional<std::string>> json_path_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    auto steps = parse_json_path(*text);
    if (!steps) return std::unexpected(std::move(steps).error());
    pg::ArrayParam out;
    for (const std::string& step : *steps) out.add(step);
    return out.text();
}

/// One item of a list that is written as an array literal: a scalar, whatever it comes from.
Outcome<std::optional<std::string>> item_of(
    const Source& item, const Variables& variables, const Session& session
) {
    if (item.kind == Source::Kind::kVariable) {
        const Json* value = part_of(item, variables);
        return value == nullptr ? std::nullopt : scalar_text(*value);
    }
    return value_of(item, variables, session);
}

/// A list or an object with variables in it, put together.
Outcome<std::optional<std::string>> composite_of(
    const Source& source, const Variables& variables, const Session& session
) {
    if (source.shape == Source::Shape::kArray) {
        pg::ArrayParam out;
        for (const Source& item : source.items) {
            auto text = item_of(item, variables, session);
            if (!text) return text;
            out.add(*text);
        }
        return out.text();
    }
    const bool is_object = !source.keys.empty();
    std::string out(1, is_object ? '{' : '[');
    for (std::size_t i = 0; i < source.items.size(); ++i) {
        const bool is_absent =
            source.items[i].kind == Source::Kind::kVariable && part_of(source.items[i], variables) == nullptr;
        if (is_object && is_absent) continue;  // an unset variable leaves its member out
        auto text = value_of(source.items[i], variables, session);
        if (!text) return text;
        if (out.size() > 1) out += ',';
        if (is_object) {
            append_json_string(out, source.keys[i]);
            out += ':';
        }
        out += text->value_or("null");
    }
    out += is_object ? '}' : ']';
    return out;
}

std::string session_json(const Session& session) {
    JsonObject out;
    for (const auto& [name, value] : session.variables) out[name] = value;
    return to_text(Json(std::move(out)));
}

}  // namespace

const Json* part_of(const Source& source, const Variables& variables) {
    if (source.variable < 0 || static_cast<std::size_t>(source.variable) >= variables.all.size())
        return nullptr;
    const Variables::One& variable = variables.all[static_cast<std::size_t>(source.variable)];
    if (!variable.is_given) return nullptr;
    const Json* at = &variable.value;
    for (const std::string& step : source.path) {
        if (at->is_object()) {
            at = at->get_object().if_contains(step);
        } else if (at->is_array()) {
            std::size_t position = 0;
            auto [end, ec] = std::from_chars(step.data(), step.data() + step.size(), position);
            const bool is_there = ec == std::errc() && position < at->get_array().size();
            at = is_there ? &at->get_array()[position] : nullptr;
        } else if (step != "0") {  // "0" of a lone value is the value: a list of one
            return nullptr;
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

Outcome<std::optional<std::string>> value_of(
    const Source& source, const Variables& variables, const Session& session
) {
    switch (source.kind) {
        case Source::Kind::kLiteral:
            if (source.is_null) return std::nullopt;
            if (source.shape == Source::Shape::kJsonPath) return json_path_of(source.text);
            return std::optional(source.text);
        case Source::Kind::kVariable: {
            const Json* value = part_of(source, variables);
            auto text = value == nullptr ? std::nullopt : text_of(*value, source.shape);
            return source.shape == Source::Shape::kJsonPath ? json_path_of(text) : std::move(text);
        }
        case Source::Kind::kSession: {
            auto found = session.variables.find(source.text);
            if (found != session.variables.end()) return std::optional(found->second);
            return failure("not-found", "missing session variables: \"" + source.text + "\"");
        }
        case Source::Kind::kAllSession:
            return std::optional(session_json(session));
        case Source::Kind::kComposite:
            return composite_of(source, variables, session);
        case Source::Kind::kCursor:  // the first batch of a stream; live/ fills in later ones
            if (source.items.empty()) return std::nullopt;
            return value_of(source.items.front(), variables, session);
        case Source::Kind::kRow:
            break;
    }
    return failure("unexpected", "a value of an earlier row outside of its statement");
}

Outcome<std::vector<std::optional<std::string>>> values_of(
    const Statement& statement, const Variables& variables, const Session& session
) {
    std::vector<std::optional<std::string>> out;
    out.reserve(statement.parameters.size());
    for (const Parameter& parameter : statement.parameters) {
        auto value = value_of(parameter.source, variables, session);
        if (!value) return std::unexpected(std::move(value).error());
        out.push_back(std::move(*value));
    }
    return out;
}

}  // namespace weft::graphql::detail
