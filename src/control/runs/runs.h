#pragma once

#include "base/fair_lru.h"
#include "control/api/api.h"
#include "store/letters/letters.h"
#include "store/runs/runs.h"

#include <functional>
#include <memory>
#include <unordered_map>

namespace weft::control {

/// A run to begin, as the control plane asks for it; app/weft binds this to data/ingress. JSON texts.
struct StartRequest {
    TenantId tenant;
    std::optional<RunId> id;  // else a new one
    WorkflowId workflow;
    std::optional<WorkflowVersionId> version;  // the published one when not set
    std::string input = "null";
    std::string trigger = "{}";
    std::optional<RunId> rerun_of;
    bool is_redrive = false;  // begins only if that one is a dead letter that nobody has dealt with
    std::vector<store::runs::KeptStep> kept = {};
    std::optional<store::idempotency::Once> once;  // taken by the transaction that begins the run
    std::chrono::seconds* refused_for = nullptr;   // filled when a rate limit refuses it: when to try again
};
struct StartedRun {
    RunId run;
    bool is_repeat = false;  // of the request that has the key
};
/// Returns after the commit. Errors: kInvalid (the key was used for another request), kNotFound, kLimit,
/// kUnavailable, kTimeout.
using StartRun = std::function<rt::Task<Result<StartedRun>>(StartRequest, rt::Deadline)>;

/// Which runs a request of the list looks for; its schema has accepted it. kInvalid.
Result<store::runs::RunFilter> run_filter_in(const Json& input);

/// Runs: operations `runs.*` and `workflows.start`. A cancel is told (CancelAsked).
class Runs {
  public:
    /// `runs` reads values with the api's codec.
    Runs(Environment& env, store::runs::Runs& runs, StartRun start)
        : env_(env), runs_(runs), start_(std::move(start)) {}
    void add_operations(Table& table);
    /// The answer to a start; all of it is the run's id, so that a repetition can be answered from its key.
    static Json started_json(const Uuid& run);

  private:
    static JsonObject run_json(const store::runs::Run& run);
    void add_commands(Table& table);
    /// step id -> uses, of one workflow version; versions never change.
    using UsesOf = std::unordered_map<std::string, std::string>;

    rt::Task<Result<Json>> list(Context& context, Json input);
    rt::Task<Result<Json>> get(Context& context, Json input);
    rt::Task<Result<Json>> steps(Context& context, Json input);
    rt::Task<Result<Json>> get_step(Context& context, Json input);
    rt::Task<Result<Json>> logs(Context& context, Json input);
    rt::Task<Result<Json>> events(Context& context, Json input);
    rt::Task<Result<Json>> cancel(Context& context, Json input);
    rt::Task<Result<Json>> start(Context& context, Json input);
    // Parts of values: values.cc
    void add_values(Table& table);
    rt::Task<Result<http::Response>> read_value(Context& context, Json input);
    rt::Task<Result<Json>> value_shape(Context& context, Json input);
    rt::Task<Result<store::runs::Values>> open_value(Context& context, RunId id, store::runs::ValueSlot slot);
    // Repeating runs: reruns.cc
    void add_reruns(Table& table);
    rt::Task<Result<Json>> rerun(Context& context, Json input);
    rt::Task<Result<Json>> preview_rerun(Context& context, Json input);
    rt::Task<Result<Json>> rerun_many(Context& context, Json input);
    struct Rerun;
    rt::Task<Result<Rerun>> plan_rerun(Context& context, store::runs::Run run, Json input);
    rt::Task<Result<StartRequest>> prepare_rerun(Context& context, store::runs::Run run, Json input);

    struct Chosen;  // of many to be repeated
    rt::Task<Result<Chosen>> choose_runs(Context& context, Json input);
    rt::Task<Result<RunId>> repeat_one(Context& context, store::runs::Run run, bool is_letter, Json input);

    // Runs that failed for good: letters.cc
    void add_letters(Table& table);
    rt::Task<Result<Json>> list_letters(Context& context, Json input);
    rt::Task<Result<Json>> get_letter(Context& context, Json input);
    rt::Task<Result<Json>> drop_letters(Context& context, Json input);
    rt::Task<Result<store::Page<store::letters::Letter>>> choose_letters(Context& context, Json input);

    rt::Task<Result<Json>> begin(Context& context, StartRequest request);
    rt::Task<Result<StartedRun>> start_run(Context& context, StartRequest request);
    rt::Task<Result<std::shared_ptr<const UsesOf>>> uses_of(Context& context, WorkflowVersionId version);

    Environment& env_;
    store::runs::Runs& runs_;
    StartRun start_;
    static constexpr std::size_t kUsesMax = 500;             // versions remembered; a few KiB each
    FairLru<std::shared_ptr<const UsesOf>> uses_{kUsesMax};  // by version; shared with readers
};

}  // namespace weft::control
