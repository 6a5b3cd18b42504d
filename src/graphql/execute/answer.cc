#include "graphql/execute/detail/answer.h"

#include <array>
#include <utility>

namespace weft::graphql {

namespace detail {

namespace {

/// A variable's value as a GraphQL literal: introspection takes strings and booleans only.
class Values final : public IntrospectionInput {
  public:
    explicit Values(const Variables& variables) : variables_(variables) {}

    Value variable(std::string_view name) const override {
        const Variables::One* found = variables_.find(name);
        if (found == nullptr || !found->is_given) return {};
        Value out;
        if (found->value.is_string()) {
            out.kind = Value::Kind::kString;
            out.text = found->value.get_string();
        } else if (found->value.is_bool()) {
            out.kind = Value::Kind::kBoolean;
            out.text = found->value.get_bool() ? "true" : "false";
        } else {
            out.kind = Value::Kind::kNull;
        }
        return out;
    }
    bool includes(const Selection& selection) const override {
        return graphql::includes(selection.directives, variables_);
    }

  private:
    const Variables& variables_;
};

}  // namespace

std::vector<std::string_view> RootTexts::views() const {
    std::vector<std::string_view> out;
    for (std::size_t i = 0; i < own.size(); ++i) {
        out.push_back(columns[i] == kNone ? std::string_view(own[i]) : rows->text(0, columns[i]));
    }
    return out;
}

std::string data_body(
    const Plan& plan,
    const std::vector<std::string_view>& texts,
    std::string_view extensions,
    std::vector<std::size_t>* begins
) {
    std::size_t size = 32 + extensions.size();
    for (std::size_t i = 0; i < texts.size(); ++i) size += texts[i].size() + plan.roots[i].key.size() + 4;
    std::string out;
    out.reserve(size);
    out += R"({"data":{)";
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) out += ',';
        out += '"';  // a response key is a GraphQL name: nothing to escape
        out += plan.roots[i].key;
        out += "\":";
        if (begins != nullptr) begins->push_back(out.size());
        out += texts[i];
    }
    out += '}';
    if (!extensions.empty()) (out += R"(,"extensions":)") += extensions;
    out += '}';
    return out;
}

Outcome<> fill_constants(
    std::vector<std::string>& texts, const Prepared& prepared, const Variables& variables, const View& view
) {
    const Values values(variables);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto& what = prepared.plan->roots[i].what;
        if (const auto* text = std::get_if<std::string>(&what)) {
            texts[i] = *text;
        } else if (const auto* field = std::get_if<RootField::Introspection>(&what)) {
            if (!introspect(texts[i], view, *prepared.document, *field->selection, values)) {
                return failure(
                    "validation-failed", "the introspection's answer is larger than 16 MiB; ask for less"
                );
            }
        }
    }
    return {};
}

}  // namespace detail

std::shared_ptr<const std::string> shared_body(Answer answer) {
    const auto held = std::make_shared<const Answer>(std::move(answer));
    return {held, &held->body};
}

std::string Engine::error_body(const Failure& failure, const Session& session, std::string_view document) {
    std::string out = R"({"errors":[{"message":)";
    append_json_string(failure.message, out);
    out += R"(,"extensions":{"path":)";
    append_json_string(failure.path, out);
    out += R"(,"code":)";
    append_json_string(failure.code, out);
    if (session.is_admin() && !failure.internal.is_null())
        out += R"(,"internal":)" + to_text(failure.internal);
    if (failure.extensions.is_object()) {
        for (const auto& [name, value] : failure.extensions.get_object()) {
            if (name == "path" || name == "code") continue;
            out += ',';
            append_json_string(name, out);
            out += ':' + to_text(value);
        }
    }
    out += '}';
    // Where in the text, for those who gave it along: clients of the specification expect it, Hasura's do
    // not.
    if (!document.empty() && !failure.at.empty()) {
        out += R"(,"locations":[)";
        for (std::size_t i = 0; i < failure.at.size(); ++i) {
            const LineColumn where = line_column(document, failure.at[i]);
            if (i > 0) out += ',';
            out += R"({"line":)" + std::to_string(where.line) + R"(,"column":)" +
                   std::to_string(where.column) + '}';
        }
        out += ']';
    }
    out += "}]}";
    return out;
}

}  // namespace weft::graphql
