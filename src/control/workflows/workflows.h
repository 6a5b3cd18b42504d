#pragma once

#include "control/api/api.h"
#include "core/workflow/workflow.h"

namespace weft::control {

/// Workflows: operations `workflows.*`, `workflow_versions.*`. Drafts take any object; publishing checks
/// against the catalog and pins what it found. A publish is told for each trigger of the workflow
/// (TriggerChanged).
class Workflows {
  public:
    explicit Workflows(Environment& env) : env_(env) {}
    void add_operations(Table& table);

  private:
    void add_drafts(Table& table);
    rt::Task<Result<Json>> list(Context& context, Json input);
    rt::Task<Result<Json>> create(Context& context, Json input);
    rt::Task<Result<Json>> get(Context& context, Json input);
    rt::Task<Result<Json>> change(Context& context, Json input);
    rt::Task<Result<Json>> remove(Context& context, Json input);
    rt::Task<Result<Json>> get_draft(Context& context, Json input);
    rt::Task<Result<Json>> save_draft(Context& context, Json input);
    rt::Task<Result<Json>> validate(Context& context, Json input);
    rt::Task<Result<Json>> publish(Context& context, Json input);
    rt::Task<Result<Json>> list_versions(Context& context, Json input);
    rt::Task<Result<Json>> get_version(Context& context, Json input);

    Environment& env_;
};

/// What the catalog of the caller's tenant has of the things a definition names; the absent ones are left
/// out, and core/workflow says so.
rt::Task<Result<workflow::Catalog>> load_catalog(store::Db db, workflow::Wanted wanted, rt::Deadline by);

}  // namespace weft::control
