// What becomes of the files of runs that retention lets go.
#include "data/dispatch/retention.h"
#include "platform/rt/clock.h"
#include "platform/rt/scope.h"
#include "store/runs/payload.h"
#include "store/runs/runs.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <span>

namespace weft::dispatch {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

constexpr std::size_t kLarge = 1u << 20;  // does not fit a row

/// The tenant's key, in memory.
class OneKey final : public store::runs::DataKeys {
  public:
    explicit OneKey(Rng& rng)
        : key_(std::make_shared<const crypto::SymmetricKey>(
              crypto::SymmetricKey::generate(Uuid::v7(Instant(std::chrono::seconds(1)), rng), rng)
          )) {}
    rt::Task<Result<Key>> newest(TenantId, rt::Deadline) override { co_return key_; }
    rt::Task<Result<Key>> find(TenantId, TenantKeyId, rt::Deadline) override { co_return key_; }

  private:
    Key key_;
};

class RetainedBlobs : public ::testing::Test {
  protected:
    RetainedBlobs()
        : folder_(fs::temp_directory_path() / ("weft-retained-" + Uuid::v7(clock_.now(), rng_).text())),
          pool_(loop_, {.url = database_.worker_url(), .connections_max = 4}),
          api_pool_(loop_, {.url = database_.api_url(), .connections_max = 2}) {
        blobs_ = *blob::open_directory(folder_);
        tenant_ = database_.create_tenant();
        workflow_ = database_.create_workflow(tenant_, "flow");
    }
    ~RetainedBlobs() override {
        loop_.run_until_done(pool_.close());
        loop_.run_until_done(api_pool_.close());
        fs::remove_all(folder_);
    }

    /// An ended run of that day with an output that is a file.
    RunId run_of(int days_ago) {
        const std::string day = "((now() at time zone 'UTC')::date - " + std::to_string(days_ago) + ")";
        for (const std::string parent :
             {"workflow_run", "step_run", "payload", "run_event", "execution_log"}) {
            database_.exec(
                "set role weft_owner; do $$ begin execute format('create table if not exists weft.%I "
                "partition "
                "of weft.%I for values from (%L) to (%L)', '" +
                parent + "_' || to_char(" + day + ", 'YYYYMMDD'), '" + parent + "', weft.day_bound(" + day +
                "), weft.day_bound(" + day + " + 1)); end $$; reset role"
            );
        }
        const rt::ManualClock then(clock_.now() - days(days_ago));
        const RunId run = RunId::make(then.now(), rng_);
        store::runs::PayloadCodec codec(keys_, *blobs_, then, rng_);
        std::string text(kLarge, '\0');
        rng_.fill(std::as_writable_bytes(std::span(text)));
        for (char& c : text) c = static_cast<char>('A' + (c & 0x1f));  // JSON, and still little to compress
        const auto slot = store::runs::ValueSlot::output();
        auto sealed = loop_.run_until_done(codec.seal(tenant_, run, slot, '"' + text + '"', soon()));
        EXPECT_TRUE(sealed && sealed->blob);
        const std::string ids = "'" + tenant_.text() + "', '" + run.text() + "'";
        database_.exec(
            "insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id, state, "
            "finished_at) "
            "values (" +
            ids + ", '" + workflow_.id.text() + "', '" + workflow_.version.text() +
            "', 'success', now() - interval '" + std::to_string(days_ago) +
            " days'); insert into weft.payload (tenant_id, run_id, slot, size_bytes, codec, "
            "key_id, "
            "blob_ref) values (" +
            ids + ", 'output', " + std::to_string(sealed->size_bytes) + ", " + std::to_string(sealed->codec) +
            ", '" + sealed->key_id.text() + "', '" + sealed->blob->text() + "')"
        );
        return run;
    }
    std::size_t files() const {
        std::size_t out = 0;
        for (const auto& each : fs::recursive_directory_iterator(folder_))
            out += each.is_regular_file() ? 1 : 0;
        return out;
    }
    /// Lets the worker's own loop sweep until it says so, at least once.
    void sweep(store::retention::Policy policy) {
        telemetry::Metrics metrics;
        Retention retention({
            .loop = loop_,
            .pool = pool_,
            .log = telemetry::Logger({.level = telemetry::Level::kError}),
            .metrics = metrics,
            .policy = policy,
            .every = std::chrono::hours(1),
            .blob_folder = folder_,
        });
        rt::Scope scope(loop_);
        scope.spawn(retention.run(scope.forever()));
        loop_.run_until_done(swept(metrics));
        loop_.run_until_done(scope.close());
    }
    /// Its counter of files appears when the files of a step have been looked at.
    rt::Task<void> swept(telemetry::Metrics& metrics) {
        const auto by = soon();
        while (!by.is_over() && !metrics.expose().contains("kind=\"blob\"")) {
            (void)co_await rt::sleep_for(std::chrono::milliseconds(2), by);
        }
        EXPECT_FALSE(by.is_over());
    }
    bool can_be_read(RunId run) {
        rt::Budget room(loop_, 64 << 20);
        store::runs::PayloadCodec codec(keys_, *blobs_, clock_, rng_);
        store::runs::Runs runs(api_pool_, codec, room);
        const std::vector slots{store::runs::ValueSlot::output()};
        auto values = loop_.run_until_done(runs.values(tenant_, run, slots, soon()));
        return values && values->texts[0] && values->texts[0]->size() == kLarge + 2;
    }
    static rt::Deadline soon() { return rt::Deadline::in(std::chrono::seconds(20)); }

    test::TestDatabase database_;
    rt::Loop loop_;
    rt::SystemClock clock_;
    SystemRng rng_;
    fs::path folder_;
    OneKey keys_{rng_};
    pg::Pool pool_;
    pg::Pool api_pool_;
    std::unique_ptr<blob::Store> blobs_;
    TenantId tenant_;
    test::TestDatabase::Workflow workflow_;
};

TEST_F(RetainedBlobs, FilesOfRunsThatAreGoneGoAndOthersStay) {
    run_of(40);
    const RunId kept = run_of(3);
    ASSERT_EQ(files(), 2u);
    sweep({});
    EXPECT_EQ(files(), 1u);
    EXPECT_EQ(database_.scalar("select count(*) from weft.payload"), "1");
    EXPECT_TRUE(can_be_read(kept));
}

TEST_F(RetainedBlobs, ThoseOfARunThatLivesStayAndPinNoOthers) {
    const RunId live = run_of(40);
    run_of(40);
    run_of(20);
    const RunId young = run_of(3);
    database_.exec(
        "insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) values ('" +
        tenant_.text() + "', '" + live.text() + "', '" + workflow_.id.text() + "', '" +
        workflow_.version.text() + "')"
    );
    ASSERT_EQ(files(), 4u);
    sweep({});
    EXPECT_EQ(files(), 2u);
    EXPECT_TRUE(can_be_read(live));
    EXPECT_TRUE(can_be_read(young));
}

TEST_F(RetainedBlobs, UnderALongPolicyTheyStay) {  // the control of the test above
    const RunId old = run_of(40);
    const std::chrono::hours century{100 * 366 * 24};
    sweep({century, century, century, century, century});
    EXPECT_EQ(files(), 1u);
    EXPECT_TRUE(can_be_read(old));
}

}  // namespace
}  // namespace weft::dispatch
