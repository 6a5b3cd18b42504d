#include "app/gqlcheck/gqlcheck.h"

#include "graphql/language/language.h"
#include "graphql/validate/validate.h"

#include <algorithm>
#include <span>
#include <utility>

namespace weft::gqlcheck {
namespace {

using graphql::Document;
using graphql::Selection;
using graphql::Value;

// Of one rule among several: nothing is cut off, so that answers can be compared in any order.
constexpr std::size_t kFindingsMax = 100'000;

// The caller is a person or a test with documents of its own: only what would exhaust memory is refused.
constexpr JsonLimits kRequestLimits{.bytes_max = 256u << 20, .depth_max = 64};

JsonObject error_at(std::string_view source, std::string_view message, std::span<const std::uint32_t> at) {
    JsonArray locations;
    for (const std::uint32_t each : at) {
        const graphql::LineColumn where = graphql::line_column(source, each);
        locations.push_back(JsonObject{{"line", where.line}, {"column", where.column}});
    }
    JsonObject out{{"message", message}};
    if (!locations.empty()) out["locations"] = std::move(locations);
    return out;
}

JsonArray findings(const Document& document, const graphql::View& view, graphql::ValidateOptions options) {
    // These two are no rules of the specification: they are told of when they are asked for.
    constexpr std::string_view kOperationTypes = "KnownOperationTypesRule";
    if (options.only_rule != "MaxIntrospectionDepthRule") options.introspection_depth_max = 0;
    JsonArray out;
    for (const graphql::Finding& each : graphql::validate(document, view, options)) {
        if (each.rule == kOperationTypes && options.only_rule != kOperationTypes) continue;
        out.push_back(error_at(document.source(), each.message, each.at));
    }
    return out;
}

/// Variables have their default values, or none.
class Defaults : public graphql::IntrospectionInput {
  public:
    explicit Defaults(const graphql::Operation& operation) : operation_(operation) {}

    Value variable(std::string_view name) const override {
        for (const graphql::VariableDefinition& each : operation_.variables) {
            if (each.name.text == name) return each.default_value;
        }
        return {};
    }
    bool includes(const Selection& selection) const override {
        return std::ranges::none_of(selection.directives, [&](const graphql::Directive& each) {
            if (each.arguments.empty()) return false;
            const Value& given = each.arguments[0].value;
            const bool condition =
                (given.kind == Value::Kind::kVariable ? variable(given.text) : given).text == "true";
            return (each.name.text == "skip" && condition) || (each.name.text == "include" && !condition);
        });
    }

  private:
    const graphql::Operation& operation_;
};

/// The root's meta fields, one after the other; root fields that need data are left out.
std::string introspected(const Document& document, const graphql::View& view) {
    std::string out = "{";
    if (document.operations.empty()) return "{}";
    const graphql::Operation& operation = *document.operations[0];
    const Defaults input(operation);
    for (const Selection& each : operation.selections) {
        if (!each.name.text.starts_with("__") || !input.includes(each)) continue;
        if (out.size() > 1) out += ',';
        out.append(to_text(Json(each.response_key()))).append(":");
        graphql::introspect(out, view, document, each, input);
    }
    return out + "}";
}

}  // namespace

bool Checker::load_schema(std::string_view sdl, JsonArray& errors) {
    if (schema_ == nullptr || sdl != sdl_) {
        sdl_ = sdl;
        schema_.reset();
        schema_errors_.clear();
        const auto document = graphql::parse(sdl, graphql::trusted_parse_limits());
        if (!document) {
            const std::uint32_t at[] = {document.error().at};
            schema_errors_.push_back(error_at(sdl, document.error().message, at));
        } else if (auto built = graphql::build_schema(**document); built) {
            schema_ = std::move(*built);
        } else {
            const std::uint32_t at[] = {built.error().at};
            schema_errors_.push_back(error_at(sdl, built.error().message, at));
        }
    }
    if (schema_ == nullptr) errors = schema_errors_;
    return schema_ != nullptr;
}

JsonObject Checker::check(const JsonObject& request) {
    JsonObject out;
    JsonArray errors;
    const std::string_view query = text_or(request, "query");
    const auto is_asked = [&](std::string_view what) {
        const Json* const value = request.if_contains(what);
        return value != nullptr && value->is_bool() && value->get_bool();
    };
    const auto document = graphql::parse(query, graphql::trusted_parse_limits());
    const bool has_schema = load_schema(text_or(request, "schema", sdl_), errors);
    if (!document) {
        const std::uint32_t at[] = {document.error().at};
        errors.push_back(error_at(query, document.error().message, at));
    } else if (has_schema) {
        const graphql::Mask all = graphql::everything(*schema_);
        const graphql::View view(*schema_, all);
        if (const Json* const rules = request.if_contains("rules"); rules != nullptr && rules->is_array()) {
            JsonObject by_rule;
            for (const Json& rule : rules->get_array()) {
                if (!rule.is_string()) continue;
                by_rule[rule.get_string()] = findings(
                    **document, view, {.only_rule = rule.get_string(), .findings_max = kFindingsMax}
                );
            }
            out["by_rule"] = std::move(by_rule);
        }
        errors = findings(**document, view, {.only_rule = text_or(request, "rule")});
        if (is_asked("introspect") && errors.empty()) {
            out["data"] = parse_json(introspected(**document, view), kRequestLimits).value_or(nullptr);
        }
    }
    if (document && is_asked("print")) out["printed"] = graphql::print(**document);
    out["errors"] = std::move(errors);
    return out;
}

std::string Checker::answer(std::string_view request) {
    const auto parsed = parse_json(request, kRequestLimits);
    if (parsed && parsed->is_object()) return to_text(check(parsed->get_object()));
    const std::string problem = parsed ? "The request must be a JSON object." : parsed.error().user;
    return to_text(JsonObject{{"errors", JsonArray{JsonObject{{"message", problem}}}}});
}

}  // namespace weft::gqlcheck
