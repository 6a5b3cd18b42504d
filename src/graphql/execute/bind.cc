#include "graphql/execute/detail/bind.h"

#include "graphql/execute/detail/answer.h"

#include <charconv>

namespace weft::graphql::detail {

namespace {

/// A scalar as PostgreSQL reads its type.
std::optional<std::string> scalar_text(const Json& value) {
    if (value.is_null()) return std::nullopt;
    if (value.is_string()) return std::string(value.get_string());
    return plain_text(value);
}

/// An array literal of any type, front to back; pg::ArrayParam is for types that are known.
class ArrayText {
  public:
    void add(const std::optional<std::string>& item) {
        if (!item) return add_raw("NULL");
        std::string quoted = "\"";
        for (char c : *item) {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
        add_raw(quoted + '"');
    }
    void add_raw(std::string_view item) {
        if (text_.size() > 1) text_ += ',';
        text_ += item;
    }
    std::string finish() && { return std::move(text_) + '}'; }

  private:
    std::string text_ = "{";
};

/// Recursion is bounded by the depth of the JSON text.
std::string array_text(const JsonArray& items, Source::Shape shape) {
    ArrayText out;
    for (const Json& item : items) {
        if (shape == Source::Shape::kJsonArray) {
            out.add(plain_text(item));
        } else if (item.is_array()) {
            out.add_raw(array_text(item.get_array(), shape));
        } else {
            out.add(scalar_text(item));
        }
    }
    return std::move(out).finish();
}

std::optional<std::string> text_of(const Json& value, Source::Shape shape) {
    if (shape == Source::Shape::kJson) return to_text(value);
    if (value.is_null()) return std::nullopt;
    if (shape != Source::Shape::kArray && shape != Source::Shape::kJsonArray) return scalar_text(value);
    // A lone string is an array literal already; any other lone value is a list of one.
    if (value.is_string()) return std::string(value.get_string());
    return array_text(value.is_array() ? value.get_array() : JsonArray{value}, shape);
}

Outcome<std::optional<std::string>> json_path_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    auto steps = parse_json_path(*text);
    if (!steps) return std::unexpected(std::move(steps).error());
    ArrayText out;
    for (const std::string& step : *steps) out.add(step);
    return std::move(out).finish();
}

/// Adds one item of a list that is written as an array literal: a scalar, or a list of one more dimension.
Outcome<> add_item(ArrayText& out, const Source& item, const Variables& variables, const Session& session) {
    if (item.kind == Source::Kind::kVariable) {
        const Json* value = part_of(item, variables);
        if (value != nullptr && item.shape == Source::Shape::kJson) {
            out.add(plain_text(*value));
        } else if (value != nullptr && value->is_array()) {
            out.add_raw(array_text(value->get_array(), Source::Shape::kArray));
        } else {
            out.add(value == nullptr ? std::nullopt : scalar_text(*value));
        }
        return {};
    }
    auto text = value_of(item, variables, session);
    if (!text) return std::unexpected(std::move(text).error());
    if (item.shape == Source::Shape::kArray && *text) {
        out.add_raw(**text);
    } else {
        out.add(*text);
    }
    return {};
}

/// A list or an object with variables in it, put together.
Outcome<std::optional<std::string>> composite_of(
    const Source& source, const Variables& variables, const Session& session
) {
    if (source.shape == Source::Shape::kArray || source.shape == Source::Shape::kJsonArray) {
        ArrayText out;
        for (const Source& item : source.items) {
            if (auto added = add_item(out, item, variables, session); !added)
                return std::unexpected(std::move(added).error());
        }
        return std::move(out).finish();
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
            append_json_string(source.keys[i], out);
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
        // What the server would say, if such a text could be sent to it.
        if (*value && (*value)->contains('\0'))
            return failure("data-exception", "invalid byte sequence for encoding \"UTF8\": 0x00");
        out.push_back(std::move(*value));
    }
    return out;
}

}  // namespace weft::graphql::detail
