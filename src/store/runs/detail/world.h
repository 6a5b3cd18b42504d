#pragma once

#include "platform/rt/clock.h"
#include "store/runlog/runlog.h"
#include "store/runs/detail/flush.h"
#include "store/runs/journal.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

/// For this module's tests: runs in a real PostgreSQL, and what a worker writes of them.
namespace weft::store::runs {

using runstate::RunStatus;
using runstate::StepStatus;

/// One key per tenant, in memory.
class FakeKeys final : public DataKeys {
  public:
    explicit FakeKeys(Rng& rng) : rng_(rng) {}
    rt::Task<Result<Key>> newest(TenantId tenant, rt::Deadline) override {
        auto& key = keys_[tenant];
        if (!key) {
            Uuid id = Uuid::v7(Instant(1s), rng_);
            key = std::make_shared<const crypto::SymmetricKey>(crypto::SymmetricKey::generate(id, rng_));
        }
        co_return key;
    }
    rt::Task<Result<Key>> find(TenantId tenant, TenantKeyId id, rt::Deadline by) override {
        CO_TRY(Key key, co_await newest(tenant, by));
        if (key->id != id.uuid()) co_return fail(Error::not_found("no such key"));
        co_return key;
    }

  private:
    Rng& rng_;
    std::map<TenantId, Key> keys_;
};

class JournalTest : public testing::Test {
  protected:
    JournalTest()
        : pool(loop, {.url = database.worker_url(), .connections_max = 4}),
          api_pool(loop, {.url = database.api_url(), .connections_max = 2}),
          queue(pool) {
        std::string folder = (std::filesystem::temp_directory_path() / "weft-blobs-XXXXXX").string();
        folder = mkdtemp(folder.data());
        blob_folder = folder;
        auto opened = blob::open_directory(folder);
        EXPECT_TRUE(opened.has_value());
        blobs = std::move(*opened);
        codec = std::make_unique<PayloadCodec>(keys, *blobs, clock, rng);
        tenant = database.create_tenant();
        workflow = database.create_workflow(tenant, "flow");
    }
    ~JournalTest() override {
        loop.run_until_done(pool.close());
        loop.run_until_done(api_pool.close());
        std::filesystem::remove_all(blob_folder);
    }

    rt::Deadline soon() { return rt::Deadline::in(20s); }
    template <class T>
    T wait(rt::Task<T> task) {
        return loop.run_until_done(std::move(task));
    }

    queue::Lease start_run() {
        RunId run = RunId::make(clock.now(), rng);
        std::string row = "'" + tenant.text() + "', '" + run.text() + "', '" + workflow.id.text() + "', '" +
                          workflow.version.text() + "'";
        database.exec(
            "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id) values (" + row +
            "); insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) values (" + row +
            "); update weft.tenant_queue set active = true"
        );
        return claim_one();
    }
    queue::Lease claim_one() {
        auto claimed = wait(queue.claim(worker, 1, 30s, soon()));
        EXPECT_TRUE(claimed && claimed->size() == 1);
        return claimed && !claimed->empty() ? claimed->front().lease : queue::Lease{};
    }
    StoredPayload sealed(const queue::Lease& lease, ValueSlot slot, std::string json) {
        auto out = wait(codec->seal(lease.tenant, lease.run, std::move(slot), std::move(json), soon()));
        EXPECT_TRUE(out.has_value());
        return out.value_or(StoredPayload{});
    }
    Entry progress(const queue::Lease& lease) {
        Entry entry;
        entry.lease = lease;
        entry.workflow = workflow.id;
        entry.state = RunStatus::kRunning;
        entry.started_at = clock.now();
        entry.steps.push_back({.step = "a", .position = 0, .state = StepStatus::kSuccess, .attempt = 1});
        entry.payloads.push_back(sealed(lease, ValueSlot::output_of("a"), R"({"n":1})"));
        entry.events.push_back({clock.now(), EventKind::kWait, "a", 0, R"({"attempt":1,"until":5})"});
        entry.logs.push_back({clock.now(), runlog::Level::kInfo, "a", 0, "hello", R"({"n":7})"});
        return entry;
    }
    Entry finish(const queue::Lease& lease, RunStatus state = RunStatus::kSuccess) {
        Entry entry;
        entry.lease = lease;
        entry.workflow = workflow.id;
        entry.state = state;
        entry.finished_at = clock.now();
        entry.fate = JobFate::kFinish;
        entry.events.push_back({clock.now(), EventKind::kFinished, std::nullopt, 0, "{}"});
        return entry;
    }
    /// Whether it was held.
    bool flush_now(Entry& entry) {
        std::vector<Entry*> entries{&entry};
        auto written = wait(flush(pool, std::move(entries), soon()));
        EXPECT_TRUE(written || written.error().code == Code::kStale) << written.error().detail;
        return written.has_value();
    }
    std::string count(const std::string& table, const queue::Lease& lease) {
        return database.scalar(
            "select count(*) from weft." + table + " where run_id = $1::uuid", {lease.run.text()}
        );
    }
    /// "runs steps cpu_us bytes_in" of the day.
    std::string counted() {
        return database.scalar(
            "select coalesce(sum(runs), 0) || ' ' || coalesce(sum(steps), 0) || ' ' || "
            "coalesce(sum(cpu_us), 0) || ' ' || coalesce(sum(bytes_in), 0) from weft.usage_part where "
            "day = (now() at time zone 'utc')::date"
        );
    }
    std::string state(const queue::Lease& lease) {
        return database.scalar("select state from weft.workflow_run where id = $1::uuid", {lease.run.text()});
    }

    rt::SystemClock clock;
    SystemRng rng;
    rt::Loop loop;
    test::TestDatabase database;
    pg::Pool pool;
    pg::Pool api_pool;
    queue::Queue queue;
    FakeKeys keys{rng};
    std::string blob_folder;
    std::unique_ptr<blob::Store> blobs;
    std::unique_ptr<PayloadCodec> codec;
    TenantId tenant;
    test::TestDatabase::Workflow workflow;
    WorkerId worker = WorkerId::make(clock.now(), rng);
};

}  // namespace weft::store::runs
