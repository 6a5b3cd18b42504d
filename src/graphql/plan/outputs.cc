#include "graphql/plan/detail/select.h"

namespace weft::graphql::detail {

namespace {

/// Below `selectionSet.<field name>`; the table's type was entered.
class OutputPlanner {
  public:
    OutputPlanner(Context& c, const Type& type) : c_(c), type_(type) {}

    Outcome<Output> plan(const Collected& field) {
        Output out{.key = std::string(field.key)};
        if (field.is_typename()) {
            out.kind = Output::Kind::kTypename;
            out.text = type_.name;
            return out;
        }
        Descend at(c_, "selectionSet", field.field->name);
        const Meaning& meaning = *field.meaning;
        switch (meaning.kind) {
            case Meaning::Kind::kColumn: {
                out.column = meaning.column;
                TRY(out.json_path, json_path(field));
                return out;
            }
            case Meaning::Kind::kComputedScalar:
                CHECK_OK(computed_scalar(out, field));
                return out;
            case Meaning::Kind::kRemoteField: {
                out.kind = Output::Kind::kRemote;
                TRY(out.remote, plan_remote(c_, field));
                return out;
            }
            default:
                break;
        }
        out.kind = Output::Kind::kSelect;
        TRY(out.select, rows(field));
        return out;
    }

  private:
    /// A path in the document is checked here, one in a variable also at every execution.
    Outcome<std::optional<Operand>> json_path(const Collected& field) {
        Argument path = argument_of(c_, field, Meaning::Kind::kPath);
        if (path.value.is_absent() || path.value.is_null()) return std::nullopt;
        Descend at(c_, "args");
        auto steps = parse_json_path(path.value.scalar_text());
        if (!steps) return fail(c_, steps.error().message, steps.error().code);
        Operand out = operand_of(path.value, "text");
        out.sql_type = "text[]";
        out.source.shape = Source::Shape::kJsonPath;
        if (out.source.kind != Source::Kind::kLiteral) return out;
        if (steps->empty()) return std::nullopt;
        out.source.shape = Source::Shape::kArray;
        out.source.text = array_literal(*steps);
        return out;
    }

    Outcome<> computed_scalar(Output& out, const Collected& field) {
        const ComputedField& computed = *field.meaning->computed;
        out.kind = Output::Kind::kComputed;
        out.computed = &computed;
        TRY(out.json_path, json_path(field));
        TRY(FunctionCall call, plan_call(c_, *computed.function, field, &computed.table_argument));
        out.call = std::make_unique<FunctionCall>(std::move(call));
        return {};
    }

    Outcome<std::unique_ptr<Select>> rows(const Collected& field) {
        const Meaning& meaning = *field.meaning;
        switch (meaning.kind) {
            case Meaning::Kind::kRelationship:
            case Meaning::Kind::kRelationshipAggregate: {
                const Relationship& relationship = *meaning.relationship;
                bool is_aggregate = meaning.kind == Meaning::Kind::kRelationshipAggregate;
                auto shape = is_aggregate ? Select::Shape::kAggregate : Select::Shape::kList;
                TRY(std::unique_ptr<Select> out,
                    relationship.is_array ? plan_rows(c_, *relationship.remote, field, shape)
                                          : plan_row(c_, *relationship.remote, field));
                out->joined_by = &relationship;
                return out;
            }
            default:
                break;
        }
        const ComputedField& computed = *meaning.computed;
        bool is_aggregate = meaning.kind == Meaning::Kind::kComputedTableAggregate;
        bool is_one = !is_aggregate && !field.field->type.nullable().is_list();
        auto shape = is_aggregate ? Select::Shape::kAggregate : Select::Shape::kList;
        TRY(std::unique_ptr<Select> out,
            is_one ? plan_row(c_, *computed.returns, field) : plan_rows(c_, *computed.returns, field, shape));
        TRY(out->function, plan_call(c_, *computed.function, field, &computed.table_argument));
        return out;
    }

    Context& c_;
    const Type& type_;
};

}  // namespace

Outcome<std::vector<Output>> plan_outputs(
    Context& c, const Table&, const Type& type, const SelectionSets& sets
) {
    std::vector<Output> out;
    std::vector<Collected> fields = collect_fields(c, type, sets);
    out.reserve(fields.size());
    OutputPlanner planner(c, type);
    for (const Collected& each : fields) {
        TRY(Output output, planner.plan(each));
        out.push_back(std::move(output));
    }
    return out;
}

}  // namespace weft::graphql::detail
