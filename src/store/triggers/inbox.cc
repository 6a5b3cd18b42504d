#include "store/triggers/inbox.h"

#include "store/triggers/queries.h"

#include <set>
#include <unordered_map>

namespace weft::store::triggers {

namespace {

using pg::ArrayParam;

/// The columns of payload rows, as unnest takes them.
struct ValueColumns {
    ArrayParam run, slot, size, codec, key, data, blob;

    void add(const NewRun& from) {
        for (const runs::StoredPayload& value : from.values) {
            run.add(from.id);
            slot.add(value.slot);
            size.add(value.size_bytes);
            codec.add(value.codec);
            key.add(value.key_id);
            if (value.data) {
                data.add_bytes(*value.data);
            } else {
                data.add_null();
            }
            if (value.blob) {
                blob.add(value.blob->text());
            } else {
                blob.add_null();
            }
        }
    }
    void add_to(pg::Params& params) const {
        params.add(slot.text()).add(size.text()).add(codec.text()).add(key.text());
        params.add(data.text()).add(blob.text());
    }
};

/// The statements of one flush and where each run's answer will stand.
class Flush {
  public:
    explicit Flush(const std::vector<const NewRun*>& runs) : runs_(runs) {}

    pg::Batch batch() {
        pg::Batch batch;
        for (const NewRun* run : runs_) {
            if (!run->trigger) start(batch, *run);
        }
        batch.as(pg::Principal::system(pg::SystemRole::kIngest));
        take_events(batch);
        wake(batch);
        return batch;
    }

    std::vector<std::optional<Begun>> read(const std::vector<pg::Rows>& answers) const {
        std::vector<std::optional<Begun>> out(runs_.size());
        std::size_t at = 0;
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            if (runs_[i]->trigger) continue;
            if (runs_[i]->once) ++at;  // of forget_old_key
            const pg::Rows& rows = answers[at++];
            if (rows.empty()) continue;
            out[i] = Begun{rows.id<RunId>(0, 0), rows.maybe_id<WorkflowId>(0, 1), rows.boolean(0, 2)};
        }
        if (events_.empty()) return out;
        std::unordered_map<RunId, WorkflowId> begun;
        const pg::Rows& taken = answers[at++];
        for (int row = 0; row < taken.size(); ++row) {
            begun.emplace(taken.id<RunId>(row, 0), taken.id<WorkflowId>(row, 1));
        }
        const pg::Rows& found = answers[at];
        for (int row = 0; row < found.size(); ++row) {
            auto position = static_cast<std::size_t>(found.integer(row, 0)) - 1;
            Begun answer{.id = found.id<RunId>(row, 1), .workflow = std::nullopt};
            if (auto is_new = begun.find(answer.id); is_new != begun.end()) answer.workflow = is_new->second;
            out[events_[position]] = answer;
        }
        return out;
    }

  private:
    static void start(pg::Batch& batch, const NewRun& run) {
        ValueColumns values;
        values.add(run);
        pg::Params params;
        params.add(run.id).add(run.workflow).add(run.version).add(run.rerun_of);
        values.add_to(params);
        batch.as(pg::Principal::tenant(run.tenant));
        if (run.once) {
            const idempotency::Key& key = run.once->key;
            pg::Params old;
            old.add(key.caller).add(key.operation).add(key.key);
            batch.add(sql::kForgetOldKey, std::move(old));
            params.add(key.caller).add(key.operation).add(key.key).add_bytes(run.once->request_hash);
        } else {
            params.add_null().add_null().add_null().add_null();
        }
        batch.add(sql::kStartRun, std::move(params));
    }

    void take_events(pg::Batch& batch) {
        ArrayParam tenant, trigger, key, run;
        ValueColumns values;
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            const NewRun& from = *runs_[i];
            if (!from.trigger) continue;
            events_.push_back(i);
            tenant.add(from.tenant);
            trigger.add(*from.trigger);
            key.add(from.dedupe_key);
            run.add(from.id);
            values.add(from);
        }
        if (events_.empty()) return;
        pg::Params params;
        params.add(tenant.text()).add(trigger.text()).add(key.text()).add(run.text()).add(values.run.text());
        values.add_to(params);
        batch.add(sql::kTakeEvents, std::move(params));
        pg::Params keys;
        keys.add(tenant.text()).add(trigger.text()).add(key.text());
        batch.add(sql::kFindEvents, std::move(keys));
    }

    void wake(pg::Batch& batch) {
        std::set<TenantId> tenants;
        for (const NewRun* run : runs_) tenants.insert(run->tenant);
        ArrayParam ids;
        for (TenantId tenant : tenants) ids.add(tenant);
        pg::Params params;
        params.add(ids.text());
        batch.add(sql::kWakeTenants, std::move(params));
    }

    const std::vector<const NewRun*>& runs_;
    std::vector<std::size_t> events_;  // positions in runs_ of those that came by an event
};

}  // namespace

rt::Task<Result<std::optional<WebhookTarget>>> find_by_token(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
) {
    pg::Params params;
    params.add_bytes(token_hash);
    auto who = pg::Principal::system(pg::SystemRole::kIngest);
    CO_TRY(auto rows, co_await pool.query(who, sql::kFindByToken, std::move(params), by));
    if (rows.empty()) co_return std::nullopt;
    CO_TRY(Json config, parse_json(rows.text(0, 4)));
    WebhookTarget target{
        .tenant = rows.id<TenantId>(0, 0),
        .id = rows.id<TriggerId>(0, 1),
        .workflow = rows.id<WorkflowId>(0, 2),
        .name = std::string(rows.text(0, 3)),
        .config = std::move(config),
        .key_id = rows.id<TenantKeyId>(0, 6),
        .published = rows.maybe_id<WorkflowVersionId>(0, 7),
        .is_workflow_active = rows.boolean(0, 8),
    };
    if (!rows.is_null(0, 5)) target.sealed_secret = rows.bytes(0, 5);
    co_return target;
}

rt::Task<Result<std::optional<WorkflowVersionId>>> find_published(
    pg::Pool& pool, TenantId tenant, WorkflowId workflow, rt::Deadline by
) {
    pg::Params params;
    params.add(workflow);
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kFindPublished, std::move(params), by));
    if (rows.empty()) co_return std::nullopt;
    co_return rows.maybe_id<WorkflowVersionId>(0, 0);
}

rt::Task<Result<std::vector<std::optional<Begun>>>> begin_runs(
    pg::Pool& pool, std::vector<const NewRun*> runs, rt::Deadline by
) {
    Flush flush(runs);
    CO_TRY(auto answers, co_await pool.run(flush.batch(), by));
    co_return flush.read(answers);
}

rt::Task<Result<std::int64_t>> count_backlog(
    pg::Pool& pool, TenantId tenant, std::int64_t most, rt::Deadline by
) {
    pg::Params params;
    params.add(most);
    CO_TRY(
        auto rows,
        co_await pool.query(pg::Principal::tenant(tenant), sql::kCountBacklog, std::move(params), by)
    );
    co_return rows.integer(0, 0);
}

}  // namespace weft::store::triggers
