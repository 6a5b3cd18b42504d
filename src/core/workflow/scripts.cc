#include "core/template/template.h"
#include "core/workflow/detail/parts.h"

#include <algorithm>
#include <iterator>

namespace weft::workflow {

namespace {

void add(std::vector<templates::Script>& out, const Result<templates::Node>& node) {
    if (!node) return;  // a problem that is told already
    std::ranges::move(templates::scripts(*node), std::back_inserter(out));
}

}  // namespace

std::vector<templates::Script> scripts(const Definition& definition) {
    std::vector<templates::Script> out;
    for (const Step& step : definition.steps) {
        const std::string& field = step.field;
        const bool is_code = step.uses.text() == "core/code";
        if (step.condition) add(out, templates::parse_condition(*step.condition, below(field, "if")));
        add(out, templates::parse(input_template(step), input_field(step)));
        const JsonObject* with = step.with.if_object();
        const Json* source = is_code && with != nullptr ? with->if_contains("source") : nullptr;
        if (source != nullptr && source->is_string()) {
            const templates::Place place{.field = below(field, "with.source")};
            out.push_back({.source = source->get_string(), .place = place, .is_code = true});
        }
    }
    for (const Mark& mark : definition.marks) add(out, templates::parse(mark.value, mark.field));
    if (definition.output) add(out, templates::parse(*definition.output, "output"));
    return out;
}

}  // namespace weft::workflow
