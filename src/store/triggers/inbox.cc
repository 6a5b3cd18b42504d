#include "store/triggers/inbox.h"

#include "base/json.h"
#include "platform/pg/row.h"
#include "store/triggers/queries.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

namespace weft::store::triggers {

namespace {

using pg::ArrayParam;

/// The lease's epoch before the first claim. A run with steps already is taken up as one that another worker
/// has left.
constexpr std::int64_t kFresh = 0;
constexpr std::int64_t kBegunBefore = 1;

/// The columns of payload rows, as unnest takes them.
struct ValueColumns {
    ArrayParam run, slot, size, codec, key, data, blob;

    void add(const NewRun& from) {
        for (const runs::StoredPayload& value : from.values) {
            run.add(from.id);
            slot.add(value.slot.text());
            size.add(value.size_bytes);
            codec.add(static_cast<std::int16_t>(value.codec));
            key.add(value.key_id);
            data.add(pg::maybe_bytes(value.data));
            blob.add(value.blob ? std::optional(value.blob->text()) : std::nullopt);
        }
    }
    void add_to(pg::Params& params) && {
        params.add(std::move(slot))
            .add(std::move(size))
            .add(std::move(codec))
            .add(std::move(key))
            .add(std::move(data));
        params.add(std::move(blob));
    }
};

constexpr auto kBegun = pg::columns(
    pg::column<&Begun::id>("id"),
    pg::column<&Begun::workflow>("workflow_id"),
    pg::column<&Begun::is_same_request>("is_same")
);

/// A run that take_events has made.
struct Taken {
    RunId run;
    WorkflowId workflow;
};
constexpr auto kTaken =
    pg::columns(pg::column<&Taken::run>("run_id"), pg::column<&Taken::workflow>("workflow_id"));

/// Whose run an event is, by the event's place among those given, from 1.
struct Event {
    std::int64_t position = 0;
    RunId run;
};
constexpr auto kEvent =
    pg::columns(pg::column<&Event::position>("position"), pg::column<&Event::run>("run_id"));

constexpr auto kTarget = pg::columns(
    pg::column<&WebhookTarget::tenant>("tenant_id"),
    pg::column<&WebhookTarget::id>("id"),
    pg::column<&WebhookTarget::workflow>("workflow_id"),
    pg::column<&WebhookTarget::name>("name"),
    pg::column<&WebhookTarget::config>("config"),
    pg::bytes<&WebhookTarget::sealed_secret>("sealed_secret"),
    pg::column<&WebhookTarget::key_id>("key_id"),
    pg::column<&WebhookTarget::published>("published_version_id"),
    pg::column<&WebhookTarget::is_workflow_active>("is_workflow_active"),
    pg::column<&WebhookTarget::is_active>("is_active"),
    pg::column<&WebhookTarget::is_listening>("is_listening")
);

std::string rate_key_of(const NewRun& run) {
    auto keys = run.flow ? parse_json(run.flow->keys) : Json();
    return keys && keys->is_object() ? std::string(text_or(keys->get_object(), "rate")) : "";
}

/// The statements of one flush and where each run's answer will stand.
class Flush {
  public:
    explicit Flush(const std::vector<const NewRun*>& runs, Repeats repeats = Repeats::kFind)
        : runs_(runs), repeats_(repeats) {
        std::vector<std::tuple<TenantId, WorkflowId, std::string, std::size_t>> starts;
        for (std::size_t i = 0; i < runs.size(); ++i)
            if (!runs[i]->trigger)
                starts.emplace_back(runs[i]->tenant, runs[i]->workflow, rate_key_of(*runs[i]), i);
        std::ranges::sort(starts);
        for (const auto& start : starts) starts_.push_back(std::get<std::size_t>(start));
    }

    pg::Batch batch() {
        pg::Batch batch;
        for (const std::size_t i : starts_) start(batch, *runs_[i]);
        batch.as(pg::Principal::system(pg::SystemRole::kIngest));
        take_events(batch);
        wake(batch);
        enter_gates(batch);
        return batch;
    }

    Result<std::vector<std::optional<Begun>>> read(const std::vector<pg::Rows>& answers) const {
        std::vector<std::optional<Begun>> out(runs_.size());
        std::size_t at = 0;
        for (const std::size_t i : starts_) {
            if (runs_[i]->once) ++at;  // of forget_old_key
            TRY(out[i], pg::first(answers[at++], kBegun));
            if (!runs_[i]->kept.empty()) ++at;  // of keep_steps
            if (runs_[i]->rerun_of) ++at;       // of redrive_letters
        }
        if (events_.empty()) return out;
        std::unordered_map<RunId, WorkflowId> begun;
        CHECK_OK(pg::each(answers[at++], kTaken, [&](const Taken& row) {
            begun.emplace(row.run, row.workflow);
        }));
        if (repeats_ == Repeats::kLeave) {
            for (const std::size_t i : events_)
                if (auto is_new = begun.find(runs_[i]->id); is_new != begun.end())
                    out[i] = Begun{.id = is_new->first, .workflow = is_new->second};
            return out;
        }
        CHECK_OK(pg::each(answers[at], kEvent, [&](const Event& row) {
            Begun answer{.id = row.run, .workflow = std::nullopt};
            if (auto is_new = begun.find(row.run); is_new != begun.end()) answer.workflow = is_new->second;
            out[events_[static_cast<std::size_t>(row.position) - 1]] = answer;
        }));
        return out;
    }

  private:
    static void start(pg::Batch& batch, const NewRun& run) {
        ValueColumns values;
        values.add(run);
        auto params = pg::params(run.id, run.workflow, run.version, run.rerun_of);
        std::move(values).add_to(params);
        batch.as(pg::Principal::tenant(run.tenant));
        if (run.once) {
            const idempotency::Key& key = run.once->key;
            batch.add(sql::kForgetOldKey, pg::params(key.caller, key.operation, key.key));
            params.add(key.caller).add(key.operation).add(key.key).add_bytes(run.once->request_hash);
        } else {
            params.add_null().add_null().add_null().add_null();
        }
        params.add(run.kept.empty() ? kFresh : kBegunBefore);
        if (run.flow)
            params.add(run.flow->version).add(run.flow->keys);
        else
            params.add_null().add_null();
        params.add(run.is_redrive);
        batch.add(sql::kStartRun, std::move(params));
        if (!run.kept.empty()) keep_steps(batch, run);
        if (run.rerun_of) batch.add(sql::kRedriveLetters, pg::params(run.id, *run.rerun_of));
    }

    static void keep_steps(pg::Batch& batch, const NewRun& run) {
        ArrayParam step, position, state, attempt, failure_kind, error, key, intent, started, finished,
            source;
        for (const runs::StepRun& row : run.kept) {
            step.add(row.step);
            position.add(row.position);
            state.add(name(row.state));
            attempt.add(row.attempt);
            failure_kind.add(row.failure_kind ? std::optional(name(*row.failure_kind)) : std::nullopt);
            error.add(row.error);
            key.add(row.idempotency_key);
            intent.add(row.intent_at);
            started.add(row.started_at);
            finished.add(row.finished_at);
            source.add(row.source ? std::optional(name(*row.source)) : std::nullopt);
        }
        auto params = pg::params(run.id, step, position, state, attempt, failure_kind);
        params.add(std::move(error)).add(std::move(key)).add(std::move(intent)).add(std::move(started));
        params.add(std::move(finished)).add(std::move(source));
        batch.add(sql::kKeepSteps, std::move(params));
    }

    void take_events(pg::Batch& batch) {
        ArrayParam tenant, trigger, key, run, is_awaited, flow_version, flow, follows, depth;
        ValueColumns values;
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            const NewRun& from = *runs_[i];
            if (!from.trigger) continue;
            events_.push_back(i);
            tenant.add(from.tenant);
            trigger.add(*from.trigger);
            key.add(from.dedupe_key);
            run.add(from.id);
            is_awaited.add(from.is_awaited);
            flow_version.add(from.flow ? std::optional(from.flow->version) : std::nullopt);
            flow.add(from.flow ? std::optional(from.flow->keys) : std::nullopt);
            follows.add(from.follows);
            depth.add(static_cast<std::int16_t>(from.depth));
            values.add(from);
        }
        if (events_.empty()) return;
        auto params = pg::params(tenant, trigger, key, run, values.run);
        std::move(values).add_to(params);
        params.add(is_awaited).add(flow_version).add(flow).add(follows).add(depth);
        batch.add(sql::kTakeEvents, std::move(params));
        if (repeats_ == Repeats::kFind) batch.add(sql::kFindEvents, pg::params(tenant, trigger, key));
    }

    void wake(pg::Batch& batch) {
        std::set<TenantId> tenants;
        for (const NewRun* run : runs_) tenants.insert(run->tenant);
        batch.add(sql::kWakeTenants, pg::params(pg::array(tenants)));
    }

    /// Last, because it locks what the ends of runs wait for.
    void enter_gates(pg::Batch& batch) {
        ArrayParam tenant, run;
        bool any = false;
        for (const NewRun* from : runs_) {
            if (!from->flow) continue;
            any = true;
            tenant.add(from->tenant);
            run.add(from->id);
        }
        if (any) batch.add(sql::kEnterGates, pg::params(tenant, run));
    }

    const std::vector<const NewRun*>& runs_;
    Repeats repeats_;
    /// Positions in runs_ of manual starts, in the order in which all processes take from the rates.
    std::vector<std::size_t> starts_;
    std::vector<std::size_t> events_;  // positions in runs_ of those that came by an event
};

}  // namespace

rt::Task<Result<std::optional<WebhookTarget>>> find_by_token(
    pg::Pool& pool, Kind kind, std::string token_hash, rt::Deadline by
) {
    const auto who = pg::Principal::system(pg::SystemRole::kIngest);
    auto params = pg::params(pg::Bytes{token_hash}, kind);
    CO_TRY(auto rows, co_await pool.query(who, sql::kFindByToken, std::move(params), by));
    co_return pg::first(rows, kTarget);
}

rt::Task<Result<std::optional<WorkflowVersionId>>> find_published(
    pg::Pool& pool, TenantId tenant, WorkflowId workflow, rt::Deadline by
) {
    struct Found {
        std::optional<WorkflowVersionId> published;
    };
    constexpr auto kFound = pg::columns(pg::column<&Found::published>("published_version_id"));
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kFindPublished, pg::params(workflow), by));
    CO_TRY(auto found, pg::first(rows, kFound));
    co_return found ? found->published : std::nullopt;
}

rt::Task<Result<std::optional<FlowRules>>> find_flow(
    pg::Pool& pool,
    TenantId tenant,
    std::optional<TriggerId> trigger,
    WorkflowId workflow,
    std::string rate_key,
    rt::Deadline by
) {
    constexpr auto kFound = pg::columns(
        pg::column<&FlowRules::version>("published_version_id"),
        pg::column<&FlowRules::rules>("flow"),
        pg::column<&FlowRules::rate_wait>("rate_wait_ms")
    );
    const auto who = pg::Principal::system(pg::SystemRole::kIngest);
    auto params = pg::params(tenant, trigger, workflow, rate_key);
    CO_TRY(auto rows, co_await pool.query(who, sql::kFindFlow, std::move(params), by));
    co_return pg::first(rows, kFound);
}

rt::Task<Result<std::vector<std::optional<Begun>>>> begin_runs(
    pg::Pool& pool, std::vector<const NewRun*> runs, rt::Deadline by
) {
    Flush flush(runs);
    CO_TRY(auto answers, co_await pool.run(flush.batch(), by));
    co_return flush.read(answers);
}

rt::Task<Result<std::vector<std::optional<Begun>>>> begin_runs(
    pg::Transaction& transaction, std::vector<const NewRun*> runs, Repeats repeats, rt::Deadline by
) {
    Flush flush(runs, repeats);
    std::vector<pg::Rows> answers;
    const pg::Batch batch = flush.batch();
    for (const auto& statement : batch.statements()) {
        CO_TRY(auto rows, co_await transaction.query(statement.query, statement.params, by));
        answers.push_back(std::move(rows));
    }
    co_return flush.read(answers);
}

rt::Task<Result<quotas::Use>> count_backlog(
    pg::Pool& pool, TenantId tenant, std::int64_t most, rt::Deadline by
) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kCountBacklog, pg::params(most), by));
    co_return quotas::read_use(rows);
}

}  // namespace weft::store::triggers
