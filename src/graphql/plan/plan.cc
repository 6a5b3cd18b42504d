#include "graphql/plan/plan.h"

#include "graphql/plan/detail/finish.h"
#include "graphql/plan/detail/mutation.h"
#include "graphql/plan/detail/select.h"

namespace weft::graphql {

namespace {

using namespace detail;

// What Hasura answers when a role sees no table, so that its query root is not empty.
constexpr std::string_view kNoQueriesText =
    "There are no queries available to the current role. Either there are no sources or remote schemas "
    "configured, or the current role doesn't have the required permissions.";

std::string json_string(std::string_view text) {
    return to_text(Json(text));
}

/// `__schema` or `__type`; several of one key (nested merges) become one.
RootField::Introspection introspection(const Collected& field) {
    RootField::Introspection out{.selection = field.selection};
    if (field.below.size() < 2) return out;
    struct Merged {
        Selection whole;
        std::vector<Selection> selections;
    };
    auto merged = std::make_shared<Merged>();
    merged->whole = *field.selection;
    for (std::span<const Selection> each : field.below)
        merged->selections.insert(merged->selections.end(), each.begin(), each.end());
    merged->whole.selections = merged->selections;
    out.selection = &merged->whole;
    out.merged = std::move(merged);
    return out;
}

Outcome<RootField> plan_root(Context& c, const Collected& field, const Type& root) {
    RootField out{.key = std::string(field.key)};
    if (field.is_typename()) {
        out.name = "__typename";
        out.what = json_string(root.name);
        return out;
    }
    out.name = field.field->name;
    if (field.meaning == nullptr) {
        out.what = introspection(field);
        return out;
    }
    Descend at(c, "selectionSet", field.field->name);
    switch (field.meaning->kind) {
        case Meaning::Kind::kNoQueries:
            out.what = json_string(kNoQueriesText);
            break;
        case Meaning::Kind::kSelect:
        case Meaning::Kind::kSelectByPk:
        case Meaning::Kind::kSelectAggregate:
        case Meaning::Kind::kSelectStream:
        case Meaning::Kind::kFunction:
        case Meaning::Kind::kFunctionAggregate: {
            TRY(out.what, plan_select_root(c, field));
            break;
        }
        case Meaning::Kind::kAction:
        case Meaning::Kind::kActionResult: {
            TRY(out.what, plan_action(c, field));
            break;
        }
        default: {
            TRY(out.what, plan_mutation(c, field));
            break;
        }
    }
    return out;
}

}  // namespace

Outcome<std::unique_ptr<Plan>> plan_operation(
    std::shared_ptr<const Model> model, const PlanRequest& request
) {
    auto plan = std::make_unique<Plan>();
    plan->model = std::move(model);
    plan->access = &request.access;
    plan->kind = request.operation.kind;
    Context c{
        .model = *plan->model,
        .document = request.document,
        .variables = request.variables,
        .access = request.access,
        .limits = request.limits,
        .path = {},
    };
    const Type* root = c.view().root(plan->kind);
    if (root == nullptr) return failure("unexpected", "the role does not see this kind of operation");
    for (const Collected& each : collect_fields(c, *root, {request.operation.selections})) {
        TRY(RootField field, plan_root(c, each, *root));
        plan->roots.push_back(std::move(field));
    }
    if (!c.hidden.empty())
        return failure("unexpected", "\"" + c.hidden + "\" is used, which the role does not see");
    add_dependencies(*plan);
    CHECK_OK(add_cost(*plan, request.variables, request.limits));
    return plan;
}

}  // namespace weft::graphql
