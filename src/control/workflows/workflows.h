#pragma once

#include "control/api/api.h"
#include "control/runs/runs.h"
#include "control/scripts/scripts.h"
#include "core/workflow/workflow.h"
#include "store/workflows/workflows.h"

namespace weft::control {

/// Workflows: operations `workflows.*`, `workflow_versions.*`. Drafts take any object, and a text is kept as
/// it was written; publishing checks against the catalog and pins what it found. A publish, a change of state
/// and a deletion are told for each trigger of the workflow (TriggerChanged).
class Workflows {
  public:
    Workflows(Environment& env, scripts::Checker& checker, StartRun start)
        : env_(env), checker_(checker), start_(std::move(start)) {}
    void add_operations(Table& table);

  private:
    void add_drafts(Table& table);
    void add_states(Table& table);
    void add_tests(Table& table);
    void add_imports(Table& table);
    rt::Task<Result<Json>> list(Context& context, Json input);
    rt::Task<Result<Json>> create(Context& context, Json input);
    rt::Task<Result<Json>> change(Context& context, Json input);
    rt::Task<Result<Json>> remove(Context& context, Json input);
    rt::Task<Result<Json>> get_draft(Context& context, Json input);
    rt::Task<Result<Json>> save_draft(Context& context, Json input);
    rt::Task<Result<Json>> validate(Context& context, Json input);
    rt::Task<Result<Json>> publish(Context& context, Json input);
    rt::Task<Result<Json>> test(Context& context, Json input);
    /// The definition of the input, else the draft.
    rt::Task<Result<Json>> given_or_draft(Context& context, WorkflowId id, Json input);
    rt::Task<Result<Json>> import_n8n(Context& context, Json input);
    /// To kActive or kInactive.
    rt::Task<Result<Json>> switch_to(Context& context, Json input, store::workflows::State state);
    rt::Task<Result<Json>> archive(Context& context, Json input);
    rt::Task<Result<Json>> pause(Context& context, Json input);
    rt::Task<Result<Json>> resume(Context& context, Json input);
    rt::Task<Result<Json>> restore(Context& context, Json input);
    rt::Task<Result<Json>> set_state(Context& context, WorkflowId id, store::workflows::State state);
    /// The ingress remembers what a trigger starts.
    rt::Task<Result<void>> tell_triggers(Context& context, WorkflowId id);

    rt::Task<Result<void>> check_forms(Context& context, WorkflowId id, std::optional<Json> inputs);

    struct Checked {
        std::vector<Error> problems;
        std::string warning;  // what could not be checked
        Json tree;
        std::optional<workflow::Definition> definition;  // set when the text alone has no problems
        workflow::Catalog catalog;
        Result<void> database;  // an error of the database, which is none of the definition
    };
    /// With the place of each in `definition`, if that is a text.
    static JsonArray problems_of(const Checked& checked, const Json& definition);
    /// `key` is the workflow's own; `until` not empty: of the part of it up to this step.
    rt::Task<Checked> check_all(
        store::Db db, Json definition, std::string key, rt::Deadline by, std::string until = ""
    );

    Environment& env_;
    scripts::Checker& checker_;
    StartRun start_;
};

/// What the catalog of the caller's tenant has of the things a definition names; the absent ones are left
/// out, and core/workflow says so.
rt::Task<Result<workflow::Catalog>> load_catalog(store::Db db, workflow::Wanted wanted, rt::Deadline by);

}  // namespace weft::control
