#include "core/template/template.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

namespace weft::workflow {

namespace {

void add(std::vector<Script>& out, const Result<templates::Node>& node) {
    if (!node) return;  // a problem that is told already
    for (const templates::Expression* one : templates::expressions(*node)) {
        if (one->is_path) continue;
        out.push_back({
            .source = one->source,
            .field = one->place.field,
            .place = {one->place.line, one->place.column},
        });
    }
}

}  // namespace

std::vector<Script> scripts(const Definition& definition) {
    std::vector<Script> out;
    for (std::size_t i = 0; i < definition.steps.size(); ++i) {
        const Step& step = definition.steps[i];
        const std::string field = step_field(i);
        const bool is_code = step.uses.text() == "core/code";
        if (step.condition) add(out, templates::parse_condition(*step.condition, below(field, "if")));
        add(out, templates::parse(input_template(step), below(field, is_code ? "with.input" : "with")));
        const JsonObject* with = step.with.if_object();
        const Json* source = is_code && with != nullptr ? with->if_contains("source") : nullptr;
        if (source != nullptr && source->is_string())
            out.push_back(
                {.source = source->get_string(), .is_code = true, .field = below(field, "with.source")}
            );
    }
    if (definition.output) add(out, templates::parse(*definition.output, "output"));
    return out;
}

Error script_problem(const Script& script, TextPlace at, std::string_view message) {
    TextPlace place = script.place;
    if (at.line > 1) {
        place.line += at.line - 1;
        place.column = at.column;
    } else if (at.line == 1 && at.column > 0) {
        place.column += at.column - 1;
    }
    return Error::invalid(
        fmt::format("line {}, column {}: {}", place.line, place.column, message), script.field
    );
}

}  // namespace weft::workflow
