#include "base/bytes.h"
#include "core/file/file.h"
#include "data/worker/detail/world.h"

namespace weft::worker {
namespace {

using runstate::FailureKind;
using runstate::RunStatus;
using ::testing::HasSubstr;

/// Files that calls bring and send; another system is this test's own.
class FilesTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        if (!pool_) return;
        files_.emplace(*api_pool_, *keys_, *file_streams_, clock_, rng_);
        pages_["/report"] = [this](const http::Request&) {
            auto response = http::Response::text(200, bytes_, "application/pdf");
            response.headers.add("content-disposition", "attachment; filename=\"../report.pdf\"");
            return response;
        };
        for (const char* path : {"/upload", "/put"})
            pages_[path] = [this](const http::Request& request) {
                seen_.push_back(request);
                return http::Response::json(200, "{}");
            };
        start_worker();
    }
    std::string step(const std::string& id, const std::string& needs, const std::string& with) {
        return R"({"id":")" + id + R"(","uses":"core/http","needs":[)" + needs + R"(],"with":)" + with + "}";
    }
    std::string flow(const std::string& steps, const std::string& output = "{{ null }}") {
        return R"({"name":"f","steps":[)" + steps + R"(],"output":")" + output + "\"}";
    }
    rt::Task<Result<FileId>> upload(std::string bytes, std::optional<RunId> run) {
        store::files::What what{.name = "a \"b\".txt", .type = "text/plain"};
        CO_TRY(auto made, co_await files_->create(tenant_, std::move(what), std::nullopt, soon()));
        CO_CHECK_OK(co_await made->append(std::move(bytes), soon()));
        CO_TRY(auto file, co_await made->finish(soon()));
        std::vector<std::unique_ptr<store::files::Upload>> all;
        all.push_back(std::move(made));
        CO_CHECK_OK(co_await files_->keep(std::move(all), run, soon()));
        co_return file.id;
    }

    std::optional<store::files::Files> files_;
    std::string bytes_ = std::string(700'000, '\xff') + "end";
    std::vector<http::Request> seen_;
};

TEST_F(FilesTest, AnAnswerBecomesAFileThatLeavesAgain) {
    const auto get = step("get", "", R"({"url":")" + base_ + R"(/report","response":"file"})");
    const auto put = step(
        "put",
        R"("get")",
        R"({"url":")" + base_ +
            R"(/put","method":"POST","body-type":"binary","body":"{{ steps.get.output.body }}"})"
    );
    const auto send = step(
        "send",
        R"("get")",
        R"({"url":")" + base_ +
            R"(/upload","method":"POST","body-type":"multipart","body":{"n":1,"docs":["{{ steps.get.output.body }}","x"]}})"
    );
    const auto run = start_run(publish(flow(get + "," + put + "," + send, "{{ steps.get.output.body }}")));
    const auto ended = finish(run);
    ASSERT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    const Json handle = *parse_json(value(run, "output"));
    EXPECT_EQ(handle.at("name"), Json("report.pdf"));
    EXPECT_EQ(handle.at("type"), Json("application/pdf"));
    EXPECT_EQ(handle.at("size"), Json(bytes_.size()));
    EXPECT_EQ(handle.at("sha256"), Json(hex(crypto::sha256(bytes_))));
    ASSERT_EQ(seen_.size(), 2u);
    const bool is_first = seen_[0].path() == "/put";
    const auto& binary = seen_[is_first ? 0 : 1];
    const auto& multipart = seen_[is_first ? 1 : 0];
    EXPECT_EQ(binary.body == bytes_, true);
    EXPECT_EQ(binary.headers.get("content-type"), "application/pdf");
    EXPECT_EQ(binary.headers.get("content-length"), std::to_string(bytes_.size()));
    EXPECT_THAT(multipart.body.substr(0, 500), HasSubstr("name=\"n\"\r\n\r\n1\r\n"));
    EXPECT_THAT(
        multipart.body.substr(0, 500),
        HasSubstr("name=\"docs\"; filename=\"report.pdf\"\r\ncontent-type: application/pdf\r\n\r\n\xff")
    );
    EXPECT_TRUE(
        multipart.body.contains("\xff"
                                "end\r\n--weft-")
    );
}

TEST_F(FilesTest, ARunSendsWhatItWasGivenOnly) {
    const auto put = step(
        "put",
        "",
        R"({"url":")" + base_ + R"(/put","method":"POST","body-type":"binary","body":"{{ input.file }}"})"
    );
    const auto published = publish(flow(put));
    const auto id = *wait(upload("secret", std::nullopt));
    const std::string input = R"({"file":{"$file":")" + id.text() + R"("}})";
    const auto thief = finish(start_run(published, input));
    EXPECT_EQ(thief.state, RunStatus::kFailed);
    EXPECT_THAT(*thief.error, HasSubstr("this run was not given it"));
    EXPECT_TRUE(seen_.empty());
    const auto none = finish(start_run(published, R"({"file":"text"})"));
    EXPECT_THAT(*none.error, HasSubstr("A binary body is a file"));
}

TEST_F(FilesTest, AResponseWithAFileThatTheRunHasNotFailsItsStep) {
    const auto respond = [&](const std::string& body) {
        return publish(flow(R"({"id":"answer","uses":"core/respond","with":{"body":")" + body + "\"}}"));
    };
    const auto id = *wait(upload("secret", std::nullopt));
    const std::string input = R"({"file":{"$file":")" + id.text() + R"("}})";
    const auto gone = finish(start_run(respond("{{ input.file }}"), input));
    EXPECT_EQ(gone.state, RunStatus::kFailed);
    EXPECT_THAT(*gone.error, HasSubstr("this run was not given it"));
    EXPECT_THAT(*gone.error, HasSubstr("\"field\": \"body\""));
    const RunId given = RunId::make(clock_.now(), rng_);
    EXPECT_TRUE(wait(files_->give(tenant_, given, {id}, soon())));
    EXPECT_EQ(finish(start_run(respond("{{ input.file }}"), input, given)).state, RunStatus::kSuccess);
    EXPECT_EQ(finish(start_run(respond("{{ ({file: input.file}) }}"), input)).state, RunStatus::kSuccess);
}

TEST_F(FilesTest, AnErrorIsReadAndNotKept) {
    const auto get = step("get", "", R"({"url":")" + base_ + R"(/status/404","response":"file"})");
    const auto failed = finish(start_run(publish(flow(get))));
    EXPECT_THAT(*failed.error, HasSubstr("no such order"));
    EXPECT_EQ(
        database().scalar("select count(*) from weft.file where tenant_id = $1::uuid", {tenant_.text()}), "0"
    );
}

TEST_F(FilesTest, AnEmptyAnswerIsAnEmptyFile) {
    bytes_.clear();
    const auto get = step("get", "", R"({"url":")" + base_ + R"(/report","response":"file"})");
    const auto run = start_run(publish(flow(get, "{{ steps.get.output.body.size }}")));
    EXPECT_EQ(finish(run).state, RunStatus::kSuccess);
    EXPECT_EQ(value(run, "output"), "0");
}

// ---- steps that read and make files

std::string plain(
    const std::string& id, const std::string& uses, const std::string& needs, const std::string& with
) {
    return R"({"id":")" + id + R"(","uses":"core/)" + uses + R"(","needs":[)" + needs + R"(],"with":)" +
           with + "}";
}

TEST_F(FilesTest, StepsMakeAndReadTables) {
    const auto make = plain(
        "make",
        "make-file",
        "",
        R"({"as":"csv","name":"../orders.csv","content":[{"id":7,"name":"Mu\u00f1oz, Ana"}],"charset":"latin1"})"
    );
    const auto read = plain(
        "read",
        "read-file",
        R"("make")",
        R"({"file":"{{ steps.make.output }}","as":"csv","charset":"latin1"})"
    );
    const auto base64 =
        plain("base64", "read-file", R"("make")", R"({"file":"{{ steps.make.output }}","as":"base64"})");
    const auto run = start_run(publish(flow(
        make + "," + read + "," + base64,
        "{{ [steps.make.output.name, steps.make.output.type, steps.read.output, steps.base64.output] }}"
    )));
    const auto ended = finish(run);
    ASSERT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    EXPECT_EQ(
        value(run, "output"),
        R"(["orders.csv","text/csv",[{"id":"7","name":"Muñoz, Ana"}],")" +
            weft::base64("id,name\r\n7,\"Mu\xf1oz, Ana\"\r\n") + "\"]"
    );
}

TEST_F(FilesTest, ALargeTableIsReadInPages) {
    std::string table = "\xEF\xBB\xBFid,text\n";
    int rows = 0;
    for (; table.size() < 5u << 20; ++rows)
        table += std::to_string(rows) + (rows % 7 == 0 ? ",\"a\nb \"\"ö\"\"\"\n" : ",äöü €uro plain text\n");
    const auto page = plain(
        "page",
        "read-file",
        "",
        R"({"file":"{{ input.file }}","as":"csv","offset":"{{ last?.next ?? 0 }}","options":{"header":"{{ last?.header ?? true }}"}})"
    );
    const std::string loop =
        R"({"id":"pages","uses":"core/while","with":{"condition":"{{ index == 0 || last.next != null }}"},"steps":[)" +
        page +
        R"(],"output":{"next":"{{ steps.page.output.next }}","header":"{{ steps.page.output.header }}",)"
        R"("rows":"{{ (last?.rows ?? 0) + steps.page.output.items.length }}","pages":"{{ index + 1 }}",)"
        R"("last":"{{ steps.page.output.items.at(-1) }}"}})";
    const auto published = publish(flow(loop, "{{ steps.pages.output }}"));
    const RunId run = RunId::make(clock_.now(), rng_);
    const auto id = *wait(upload(table, run));
    start_run(published, R"({"file":{"$file":")" + id.text() + R"("}})", run);
    const auto ended = finish(run, 60s);
    ASSERT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    const Json output = *parse_json(value(run, "output"));
    EXPECT_EQ(output.at("rows"), Json(rows));
    EXPECT_EQ(output.at("pages"), Json(3));
    EXPECT_EQ(output.at("header"), Json(JsonArray{Json("id"), Json("text")}));
    EXPECT_EQ(output.at("last").at("id"), Json(std::to_string(rows - 1)));
}

TEST_F(FilesTest, WhatCannotBeReadSaysWhy) {
    const auto id = *wait(upload(std::string(9u << 20, 'x'), std::nullopt));
    const auto read = [&](const std::string& with) {
        const RunId run = RunId::make(clock_.now(), rng_);
        EXPECT_TRUE(wait(files_->give(tenant_, run, {id}, soon())));
        const auto published = publish(flow(plain("read", "read-file", "", with)));
        start_run(published, R"({"file":{"$file":")" + id.text() + R"("}})", run);
        return finish(run).error.value_or("");
    };
    EXPECT_THAT(read(R"({"file":"{{ input.file }}"})"), HasSubstr("larger than 8 MiB"));
    EXPECT_THAT(
        read(R"({"file":"{{ input.file }}","as":"csv","offset":0})"), HasSubstr("longer than a page")
    );
    EXPECT_THAT(read(R"({"file":"x"})"), HasSubstr("file is a file"));
}

}  // namespace
}  // namespace weft::worker
