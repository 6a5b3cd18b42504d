#include "base/bytes.h"
#include "core/file/file.h"
#include "data/worker/detail/world.h"
#include "platform/crypto/crypto.h"

namespace weft::worker {
namespace {

using runstate::RunStatus;
using ::testing::HasSubstr;

/// Files that go from run to run. Who reads one says what is in it.
class PassedFilesTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        if (pool_) files_.emplace(*api_pool_, *keys_, *file_streams_, clock_, rng_);
    }
    std::string key_of(const test::TestDatabase::Workflow&) {
        const std::string key = "flow-" + std::to_string(workflows_);
        catalog_.workflows.insert(key);
        return key;
    }
    /// Reads the file that `from` is, and gives its text.
    test::TestDatabase::Workflow reader(const std::string& from, const std::string& more = "") {
        return publish(
            R"({"name":"r","steps":[{"id":"read","uses":"core/read-file","with":{"file":"{{ )" + from +
            R"( }}"}}],"output":"{{ steps.read.output }}")" + more + "}"
        );
    }
    static std::string child_step(const std::string& child, const std::string& input, bool waits = true) {
        return R"({"id":"sub","uses":"core/workflow","with":{"workflow":")" + child + R"(","input":)" +
               input + (waits ? "}}" : R"(,"mode":"start"}})");
    }
    static std::string make_step() {
        return R"({"id":"make","uses":"core/make-file","with":{"content":"made","name":"m.txt"}})";
    }
    FileId upload(TenantId tenant, std::optional<RunId> run, std::string bytes = "hello") {
        auto made =
            wait(files_->create(tenant, {.name = "a.txt", .type = "text/plain"}, std::nullopt, soon()));
        EXPECT_TRUE(wait((*made)->append(std::move(bytes), soon())));
        const auto file = wait((*made)->finish(soon()));
        std::vector<std::unique_ptr<store::files::Upload>> all;
        all.push_back(*std::move(made));
        EXPECT_TRUE(wait(files_->keep(std::move(all), run, soon())));
        return file->id;
    }
    static std::string handle(FileId id) { return R"({"$file":")" + id.text() + R"("})"; }
    RunId start_with(const test::TestDatabase::Workflow& flow, const FileId& id, bool is_given) {
        const RunId run = RunId::make(clock_.now(), rng_);
        if (is_given) EXPECT_TRUE(wait(files_->give(tenant_, run, {id}, soon())));
        return start_run(flow, R"({"doc":)" + handle(id) + "}", run);
    }
    /// The run that another began, once it has ended.
    RunId begun_by(RunId run) {
        std::string id;
        EXPECT_TRUE(eventually([&] {
            id = database().scalar(
                "select coalesce(min(id::text), '') from weft.workflow_run where parent_run_id = $1::uuid "
                "and "
                "finished_at is not null",
                {run.text()}
            );
            return !id.empty();
        }));
        return RunId::parse(id).value_or(RunId());
    }

    std::optional<store::files::Files> files_;
};

TEST_F(PassedFilesTest, AChildReadsTheFilesOfItsInput) {
    const std::string child = key_of(reader("input.docs[0]"));
    auto parent = publish(
        R"({"name":"p","steps":[)" + child_step(child, R"({"docs":["{{ input.doc }}"]})") +
        R"(],"output":"{{ steps.sub.output }}"})"
    );
    auto starter = publish(
        R"({"name":"p","steps":[)" + child_step(child, R"({"docs":["{{ input.doc }}"]})", false) +
        R"(],"output":"x"})"
    );
    start_worker();
    const FileId id = upload(tenant_, std::nullopt);
    const RunId run = start_with(parent, id, true);
    const auto ended = finish(run);
    ASSERT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), R"("hello")");
    const RunId alone = begun_by(start_with(starter, id, true));
    EXPECT_EQ(value(alone, "output"), R"("hello")");
}

TEST_F(PassedFilesTest, AParentReadsTheFilesOfItsChildsAnswer) {
    const std::string child = key_of(
        publish(R"({"name":"c","steps":[)" + make_step() + R"(],"output":{"it":"{{ steps.make.output }}"}})")
    );
    auto parent = publish(
        R"({"name":"p","steps":[)" + child_step(child, "{}") +
        R"(,{"id":"read","needs":["sub"],"uses":"core/read-file","with":{"file":"{{ steps.sub.output.it }}"}}],)"
        R"("output":"{{ steps.read.output }}"})"
    );
    start_worker();
    const RunId run = start_run(parent);
    const auto ended = finish(run);
    ASSERT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(value(run, "output"), R"("made")");
}

TEST_F(PassedFilesTest, WhoHandlesAFailureReadsTheFilesOfTheInput) {
    key_of(reader("input.input.doc"));
    auto failing = publish(
        R"({"name":"f","on-failure":{"workflow":"flow-1"},"steps":[{"id":"no","uses":"core/fail","with":{"message":"m"}}]})"
    );
    start_worker();
    const RunId run = start_with(failing, upload(tenant_, std::nullopt), true);
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_EQ(value(begun_by(run), "output"), R"("hello")");
}

TEST_F(PassedFilesTest, WhatFollowsReadsTheFilesOfTheOutput) {
    auto first =
        publish(R"({"name":"f","steps":[)" + make_step() + R"(],"output":["{{ steps.make.output }}"]})");
    auto second = reader("input.output[0]");
    database().scalar(
        "insert into weft.trigger (tenant_id, id, workflow_id, kind, name, state, config) values ($1::uuid, "
        "$2::uuid, $3::uuid, 'event', 'After', 'active', "
        "'{\"on\":[\"success\"],\"workflows\":[\"flow-1\"]}')",
        {tenant_.text(), TriggerId::make(clock_.now(), rng_).text(), second.id.text()}
    );
    start_worker();
    const RunId run = start_run(first);
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    const RunId next = begun_by(run);
    EXPECT_EQ(value(next, "output"), R"("made")") << row(next).error.value_or("");
}

/// An id is text: passing it on gives nothing that the giver has not.
TEST_F(PassedFilesTest, AnIdThatTheGiverWasNotGivenOpensNothing) {
    const std::string child = key_of(reader("input.doc"));
    catalog_.workflows.insert("flow-3");
    auto parent = publish(
        R"({"name":"p","on-failure":{"workflow":"flow-3"},"steps":[)" +
        child_step(child, R"({"doc":"{{ input.doc }}"})") + R"(],"output":"{{ steps.sub.output }}"})"
    );
    auto handler = reader("input.input.doc");
    auto forger =
        publish(R"({"name":"c","steps":[{"id":"m","uses":"core/map","with":1}],"output":"{{ input.doc }}"})");
    const std::string forging = key_of(forger);
    auto taker = publish(
        R"({"name":"p","steps":[)" + child_step(forging, R"({"doc":"{{ input.doc }}"})") +
        R"(,{"id":"read","needs":["sub"],"uses":"core/read-file","with":{"file":"{{ steps.sub.output }}"}}]})"
    );
    start_worker();
    const TenantId other = database().create_tenant();
    auto key = wait(
        store::vault::make_symmetric_key(other, store::vault::KeyClass::kData, *master_, clock_, rng_, soon())
    );
    pg::Batch batch;
    batch.as(pg::Principal::system(pg::SystemRole::kAuth));
    store::vault::add_key(batch, *key);
    ASSERT_TRUE(wait(api_pool_->run(std::move(batch), soon())));
    for (const FileId& id : {upload(tenant_, std::nullopt), upload(other, std::nullopt)}) {
        const RunId run = start_with(parent, id, false);
        EXPECT_EQ(finish(run).state, RunStatus::kFailed);
        EXPECT_THAT(row(run).error.value_or(""), HasSubstr("this run was not given it"));
        const RunId took = start_with(taker, id, false);
        EXPECT_EQ(finish(took).state, RunStatus::kFailed);
        EXPECT_THAT(row(took).error.value_or(""), HasSubstr("this run was not given it"));
        EXPECT_TRUE(eventually([&] {
            return database().scalar(
                       "select count(*) from weft.workflow_run where finished_at is null and tenant_id = "
                       "$1::uuid",
                       {tenant_.text()}
                   ) == "0";
        }));
        EXPECT_EQ(
            database().scalar("select count(*) from weft.file_use where file_id = $1::uuid", {id.text()}), "0"
        );
    }
    EXPECT_EQ(
        database().scalar(
            "select count(*) from weft.workflow_run where workflow_id = $1::uuid and state = 'failed'",
            {handler.id.text()}
        ),
        "2"
    );
}

TEST_F(PassedFilesTest, MoreThanAValueMayHoldAreRefusedWithALimit) {
    auto many = publish(
        R"({"name":"c","steps":[{"id":"m","uses":"core/map","with":1}],"output":"{{ Array.from({length: 101}, (_, i) => ({$file: input.id.slice(0, 32) + String(1000 + i)})) }}"})"
    );
    const std::string child = key_of(many);
    auto parent = publish(
        R"({"name":"p","steps":[)" + child_step(child, R"({"id":"{{ run.id }}"})") +
        R"(],"output":"{{ steps.sub.output }}"})"
    );
    start_worker();
    const RunId run = start_run(parent);
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_THAT(row(run).error.value_or(""), HasSubstr("A value holds at most 100 files"));
}

}  // namespace
}  // namespace weft::worker
