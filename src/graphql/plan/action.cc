#include "graphql/plan/detail/select.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

using Objects = std::vector<std::pair<std::string, std::vector<Output>>>;

/// What is selected of objects that come from elsewhere. Recursion is bounded by the document's depth.
class ObjectPlanner {
  public:
    ObjectPlanner(Context& c, Objects& objects) : c_(c), objects_(objects) {}

    /// `place`: the response keys on the way, joined with '.'.
    Outcome<std::vector<Output>> plan(const Type& type, const SelectionSets& sets, const std::string& place) {
        std::vector<Output> out;
        for (const Collected& each : collect_fields(c_, type, sets)) {
            Output output{.key = std::string(each.key)};
            if (each.is_typename()) {
                output.kind = Output::Kind::kTypename;
                output.text = type.name;
            } else {
                Descend at(c_, "selectionSet", each.field->name);
                CHECK_OK(member(output, each, place));
            }
            out.push_back(std::move(output));
        }
        return out;
    }

  private:
    Outcome<> member(Output& output, const Collected& field, const std::string& place) {
        const Meaning* meaning = field.meaning;
        if (meaning != nullptr && meaning->output != nullptr) {
            output.kind = Output::Kind::kSelect;
            output.output_relationship = meaning->output;
            TRY(output.select, related(field, *meaning));
            return {};
        }
        output.text = field.field->name;
        if (!field.field->type.named()->is_composite()) return {};
        std::string inner = place.empty() ? output.key : place + "." + output.key;
        TRY(std::vector<Output> below, plan(*field.field->type.named(), field.below, inner));
        objects_.emplace_back(std::move(inner), std::move(below));
        return {};
    }

    Outcome<std::unique_ptr<Select>> related(const Collected& field, const Meaning& meaning) {
        const Table& table = *meaning.output->remote;
        if (meaning.kind == Meaning::Kind::kOutputRelationshipAggregate)
            return plan_rows(c_, table, field, Select::Shape::kAggregate);
        bool is_list = field.field->type.nullable().is_list();
        return is_list ? plan_rows(c_, table, field, Select::Shape::kList) : plan_row(c_, table, field);
    }

    Context& c_;
    Objects& objects_;
};

}  // namespace

Outcome<std::unique_ptr<RemoteCall>> plan_remote(Context& c, const Collected& field) {
    auto out = std::make_unique<RemoteCall>();
    out->field = field.meaning->remote;
    out->type = field.field->type;
    for (const Argument& each : arguments_of(c, field)) {
        if (each.value.is_absent()) continue;
        Source source = json_source_of(each.value);
        if (source.kind == Source::Kind::kLiteral) {
            out->arguments.insert_or_assign(each.definition->name, each.value.json());
        } else {
            out->variable_arguments.emplace_back(each.definition->name, std::move(source));
        }
    }
    const Type& type = *field.field->type.named();
    if (!type.is_composite()) return out;
    TRY(out->selection, ObjectPlanner(c, out->objects).plan(type, field.below, ""));
    return out;
}

Outcome<std::unique_ptr<ActionCall>> plan_action(Context& c, const Collected& field) {
    auto out = std::make_unique<ActionCall>();
    out->action = field.meaning->action;
    out->type = field.field->type;
    for (const Argument& each : arguments_of(c, field)) {
        if (!each.value.is_absent())
            out->arguments.emplace_back(each.definition->name, json_source_of(each.value));
    }
    out->is_list = field.field->type.nullable().is_list();
    const Type& type = *field.field->type.named();
    if (!type.is_composite()) return out;
    TRY(out->selection, ObjectPlanner(c, out->objects).plan(type, field.below, ""));
    return out;
}

}  // namespace weft::graphql::detail
