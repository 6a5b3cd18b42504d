#pragma once

#include "core/workflow/workflow.h"
#include "data/worker/worker.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "store/runs/runs.h"
#include "store/vault/keys.h"
#include "store/vault/seal.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>

/// For this module's tests: a worker with real sandboxes, a real PostgreSQL and a real upstream.
namespace weft::worker {

/// What lives as long as the test program: sandboxes are started once, before anything else.
struct Suite {
    Suite() {
        isolation::Options options;
        options.runner_path = WEFT_RUNNER;
        options.slots_max = 16;
        options.floor = isolation::Tier::kProcess;
        auto zygote = isolation::Zygote::spawn(std::move(options));
        if (!zygote) {
            refusal = zygote.error().user;
            return;
        }
        auto backend = isolation::make_sandbox_backend(loop, std::move(*zygote));
        if (!backend) {
            refusal = backend.error().user + " " + backend.error().detail;
            return;
        }
        sandboxes = std::move(*backend);
        (void)crypto::init();
        database.emplace();
    }
    ~Suite() {
        if (sandboxes) loop.run_until_done(sandboxes->close());
    }
    rt::Loop loop;
    std::string refusal;
    std::unique_ptr<isolation::Backend> sandboxes;
    std::optional<test::TestDatabase> database;
};

class WorkerTest : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        if (!suite_) suite_ = std::make_unique<Suite>();
    }
    static void TearDownTestSuite() { suite_.reset(); }

    void SetUp() override {
        if (!suite_->sandboxes) GTEST_SKIP() << "no sandboxes here: " << suite_->refusal;
        folder_ = (std::filesystem::temp_directory_path() / "weft-worker-XXXXXX").string();
        folder_ = mkdtemp(folder_.data());
        master_ = *crypto::make_key_wrapper(*crypto::read_key_file(folder_ + "/shared.key", rng_));
        vault_master_ = *crypto::make_key_wrapper(*crypto::read_key_file(folder_ + "/vault.key", rng_));
        blobs_ = *blob::open_directory(folder_ + "/blobs");
        file_streams_ = *blob::open_streams(folder_ + "/blobs");
        pool_.emplace(loop(), pg::PoolOptions{.url = database().worker_url(), .connections_max = 6});
        api_pool_.emplace(loop(), pg::PoolOptions{.url = database().api_url(), .connections_max = 4});
        keys_.emplace(*api_pool_, *master_, clock_, store::vault::TenantKeys::Reader::kApi);
        codec_.emplace(*keys_, *blobs_, clock_, rng_);
        runs_.emplace(*api_pool_, *codec_, values_);
        client_.emplace(loop());
        for (auto method : {http::Method::kGet, http::Method::kPost}) {
            router_.add(method, "/{rest...}", [this](http::Request r) { return answer(std::move(r)); });
        }
        server_.emplace(loop(), router_, clock_, rng_);
        base_ = "http://127.0.0.1:" + std::to_string(server_->listen_tcp("127.0.0.1", 0).value_or(0));
        options_.lease = 3s;
        options_.heartbeat = 1s;
        options_.reap_every = 300ms;
        options_.drain = 0ms;
        options_.cancel_every = 200ms;
        options_.runs_max = 16;
        tenant_ = database().create_tenant();
        make_data_key();
    }
    void TearDown() override {
        if (!pool_) return;
        stop_worker();
        loop().run_until_done(server_->stop(rt::Deadline::in(100ms)));
        loop().run_until_done(pool_->close());
        loop().run_until_done(api_pool_->close());
        database().exec("delete from weft.job");
        std::filesystem::remove_all(folder_);
    }

    static rt::Loop& loop() { return suite_->loop; }
    static const test::TestDatabase& database() { return *suite_->database; }
    template <class T>
    T wait(rt::Task<T> task) {
        return loop().run_until_done(std::move(task));
    }
    static rt::Deadline soon() { return rt::Deadline::in(20s); }

    void make_data_key() {
        auto key = wait(store::vault::make_symmetric_key(
            tenant_, store::vault::KeyClass::kData, *master_, clock_, rng_, soon()
        ));
        ASSERT_TRUE(key);
        pg::Batch batch;
        batch.as(pg::Principal::system(pg::SystemRole::kAuth));
        store::vault::add_key(batch, *key);
        ASSERT_TRUE(wait(api_pool_->run(std::move(batch), soon())));
    }

    void start_worker() {
        worker_ = std::make_unique<Worker>(Deps{
            .loop = loop(),
            .pool = *pool_,
            .url = database().worker_url(),
            .sandboxes = *suite_->sandboxes,
            .shared_master = *master_,
            .vault_master = *vault_master_,
            .client = *client_,
            .blobs = *blobs_,
            .file_streams = *file_streams_,
            .file_options = file_options_,
            .egress = *egress::Policy::parse({"127.0.0.1"}),
            .clock = clock_,
            .rng = rng_,
            .log = telemetry::Logger({.level = log_level_}),
            .metrics = metrics_,
            .options = options_,
        });
        worker_->start();
    }
    void stop_worker() {
        if (worker_) wait(worker_->stop());
        worker_.reset();
    }

    /// Publishes a definition (JSON text) whose app actions come from `actions`.
    test::TestDatabase::Workflow publish(const std::string& text) {
        auto tree = parse_json(text);
        EXPECT_TRUE(tree) << tree.error().user;
        auto definition = workflow::parse(*tree);
        EXPECT_TRUE(definition) << definition.error().user << " " << definition.error().field;
        if (!definition) return {};
        auto compiled = workflow::compile(*definition, catalog_);
        EXPECT_TRUE(compiled) << compiled.error().user << " " << compiled.error().field;
        if (!compiled) return {};
        return database().create_workflow(
            tenant_, "flow-" + std::to_string(++workflows_), to_text(*compiled)
        );
    }
    /// An action `shop/<key>@1` of an app at the test's upstream, without authentication.
    void add_action(const std::string& key, const std::string& definition) {
        workflow::CatalogAction action;
        action.app_version_id = AppVersionId::make(clock_.now(), rng_);
        action.action_id = ActionId::make(clock_.now(), rng_);
        action.version = "1.0.0";
        action.manifest = *parse_json(R"({"base_url":")" + base_ + R"(","auth":{"kind":"none"}})");
        action.definition = *parse_json(definition);
        catalog_.actions[workflow::Uses{"shop", key, 1}] = std::move(action);
    }

    RunId start_run(
        const test::TestDatabase::Workflow& flow,
        const std::string& input = "{}",
        std::optional<RunId> as = std::nullopt
    ) {
        const RunId run = as ? *as : RunId::make(clock_.now(), rng_);
        auto sealed = wait(codec_->seal(tenant_, run, store::runs::ValueSlot::input(), input, soon()));
        EXPECT_TRUE(sealed);
        const std::string ids = "'" + tenant_.text() + "', '" + run.text() + "', ";
        const std::string row = ids + "'" + flow.id.text() + "', '" + flow.version.text() + "'";
        database().exec(
            "begin; insert into weft.workflow_run (tenant_id, id, workflow_id, workflow_version_id) values "
            "(" +
            row +
            "); insert into weft.payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data) values "
            "(" +
            ids + "'input', " + std::to_string(sealed->size_bytes) + ", " + std::to_string(sealed->codec) +
            ", '" + sealed->key_id.text() + "', '\\x" + hex(*sealed->data) +
            "'); insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) values (" + row +
            "); update weft.tenant_queue set active = true where tenant_id = '" + tenant_.text() +
            "'; commit; notify weft_job"
        );
        return run;
    }

    std::string value(RunId run, const std::string& slot) {
        std::vector slots{store::runs::ValueSlot::parse(slot).value()};
        auto out = wait(runs_->values(tenant_, run, slots, soon()));
        EXPECT_TRUE(out) << out.error().detail;
        return out && out->texts.front() ? *out->texts.front() : "<none>";
    }
    store::runs::Run row(RunId run) {
        auto out = wait(runs_->get(tenant_, run, soon()));
        EXPECT_TRUE(out) << out.error().detail;
        return out.value_or(store::runs::Run{});
    }
    std::map<std::string, store::runs::StepRun> steps(RunId run) {
        std::map<std::string, store::runs::StepRun> out;
        auto listed = wait(runs_->steps(tenant_, run, {}, soon()));
        EXPECT_TRUE(listed);
        for (auto& step : *listed) out[step.step] = step;
        return out;
    }
    /// Turns the loop until `condition`, at most `within`.
    template <class F>
    bool eventually(F condition, Steady::duration within = 10s) {
        const Steady until = std::chrono::steady_clock::now() + within;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > until) return false;
            (void)wait(rt::sleep_for(5ms, soon()));
        }
        return true;
    }
    store::runs::Run finish(RunId run, Steady::duration within = 10s) {
        EXPECT_TRUE(eventually([&] { return row(run).finished_at.has_value(); }, within))
            << name(row(run).state);
        return row(run);
    }
    std::string count(const std::string& what, RunId run) {
        return database().scalar(
            "select count(*) from weft." + what + " and run_id = $1::uuid", {run.text()}
        );
    }

    /// The upstream: "/slow" waits to be released, "/large" sends `large_` bytes and ends when
    /// released, "/status/<n>" answers n, "/flaky"
    /// fails twice, `pages_` answer for themselves, the rest echoes.
    rt::Task<Result<http::Response>> answer(http::Request request) {
        const std::string path(request.path());
        calls_[path].push_back(std::string(request.headers.get("idempotency-key")));
        if (auto page = pages_.find(path); page != pages_.end()) {
            targets_.push_back(request.raw_target);
            co_return page->second(request);
        }
        if (path == "/slow") {
            while (!is_released_) {
                auto waited = co_await rt::sleep_for(5ms, request.deadline);
                if (!waited) co_return fail(std::move(waited).error());
            }
        }
        if (path == "/large") {
            http::Response response = http::Response::text(200, "");
            response.stream = [this](http::StreamWriter writer) { return stream_large(std::move(writer)); };
            co_return response;
        }
        if (path == "/busy") {
            http::Response busy = http::Response::json(503, R"({"error":"busy"})");
            busy.headers.add("retry-after", "600");
            co_return busy;
        }
        if (path == "/flaky" && calls_[path].size() <= 2)
            co_return http::Response::json(503, R"({"error":"busy"})");
        if (path.starts_with("/status/")) {
            co_return http::Response::json(std::stoi(path.substr(8)), R"({"message":"no such order"})");
        }
        JsonObject out;
        out["path"] = path;
        out["body"] = request.body;
        co_return http::Response::json(200, to_text(out));
    }

    rt::Task<void> stream_large(http::StreamWriter writer) {
        for (std::size_t sent = 0; sent < large_; sent += 64u << 10) {
            std::string piece(64u << 10, 'x');
            if (!co_await writer.write(std::move(piece))) co_return;
        }
        while (!is_released_ && co_await rt::sleep_for(5ms, writer.deadline())) {
        }
    }

    static inline std::unique_ptr<Suite> suite_;
    rt::SystemClock clock_;
    SystemRng rng_;
    telemetry::Metrics metrics_;
    telemetry::Level log_level_ = telemetry::Level::kError;
    std::string folder_;
    std::unique_ptr<crypto::KeyWrapper> master_;
    std::unique_ptr<crypto::KeyWrapper> vault_master_;
    std::unique_ptr<blob::Store> blobs_;
    std::unique_ptr<blob::Streams> file_streams_;
    std::optional<pg::Pool> pool_;
    std::optional<pg::Pool> api_pool_;
    std::optional<store::vault::TenantKeys> keys_;
    std::optional<store::runs::PayloadCodec> codec_;
    rt::Budget values_{loop(), 128 << 20};
    std::optional<store::runs::Runs> runs_;
    std::optional<http::Client> client_;
    http::Router router_;
    std::optional<http::Server> server_;
    std::string base_;
    Options options_;
    store::files::Options file_options_;
    std::unique_ptr<Worker> worker_;
    workflow::Catalog catalog_;
    TenantId tenant_;
    int workflows_ = 0;
    std::map<std::string, std::vector<std::string>> calls_;  // path -> idempotency keys
    std::map<std::string, std::function<http::Response(const http::Request&)>> pages_;  // by path
    std::vector<std::string> targets_;  // of requests for these, in order
    bool is_released_ = false;
    std::size_t large_ = 0;
};

}  // namespace weft::worker
