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

// ---- archives

/// Of Python's zipfile: orders/, orders/März.csv, ../../evil.txt ("harmless", stored), empty.
constexpr std::string_view kTheirs =
    "UEsDBBQAAAAAAIMYIlwAAAAAAAAAAAAAAAAHAAAAb3JkZXJzL1BLAwQUAAAICACDGCJccXfMCBMAAAARAAAAEAAAAG9y"
    "ZGVycy9Nw6Ryei5jc3bLTNHJS8xN5TLX8S09vDG/igsAUEsDBBQAAAAAAIMYIlzDd1eeCAAAAAgAAAAOAAAALi4vLi4v"
    "ZXZpbC50eHRoYXJtbGVzc1BLAwQUAAAACACDGCJcAAAAAAIAAAAAAAAABQAAAGVtcHR5AwBQSwECFAMUAAAAAACDGCJc"
    "AAAAAAAAAAAAAAAABwAAAAAAAAAAAAAAgAEAAAAAb3JkZXJzL1BLAQIUAxQAAAgIAIMYIlxxd8wIEwAAABEAAAAQAAAA"
    "AAAAAAAAAACAASUAAABvcmRlcnMvTcOkcnouY3N2UEsBAhQDFAAAAAAAgxgiXMN3V54IAAAACAAAAA4AAAAAAAAAAAAA"
    "AIABZgAAAC4uLy4uL2V2aWwudHh0UEsBAhQDFAAAAAgAgxgiXAAAAAACAAAAAAAAAAUAAAAAAAAAAAAAAIABmgAAAGVt"
    "cHR5UEsFBgAAAAAEAAQA4gAAAL8AAAAAAA==";

class ArchivesTest : public FilesTest {
  protected:
    void SetUp() override {
        file_options_.zip_bytes_free = 100'000;
        file_options_.zip_ratio_max = 2;
        FilesTest::SetUp();
    }
    RunId run_with(const test::TestDatabase::Workflow& published, const std::string& bytes) {
        const RunId run = RunId::make(clock_.now(), rng_);
        const auto id = *wait(upload(bytes, run));
        start_run(published, R"({"file":{"$file":")" + id.text() + R"("}})", run);
        return run;
    }
    test::TestDatabase::Workflow reader(const std::string& extract) {
        return publish(flow(
            plain(
                "zip", "read-file", "", R"({"file":"{{ input.file }}","as":"zip","extract":)" + extract + "}"
            ),
            "{{ steps.zip.output }}"
        ));
    }
    std::string refusal(const std::string& bytes, const std::string& extract = "true") {
        const auto ended = finish(run_with(reader(extract), bytes));
        EXPECT_EQ(ended.state, RunStatus::kFailed);
        return ended.error.value_or("");
    }
    std::string files() {
        return database().scalar(
            "select count(*) from weft.file where origin = 'made' and tenant_id = $1::uuid", {tenant_.text()}
        );
    }
};

TEST_F(ArchivesTest, WhatIsPackedComesOutAgain) {
    const std::string steps =
        plain("a", "make-file", "", R"({"content":"first {{ 'abc '.repeat(5000) }}","name":"a.txt"})") + "," +
        plain("b", "make-file", "", R"({"content":"","name":"b.txt"})") + "," +
        plain(
            "zip",
            "make-file",
            R"("a","b")",
            R"({"as":"zip","name":"all.zip","content":["{{ steps.a.output }}","{{ steps.b.output }}",
                {"name":"/x/../y/a.txt","file":"{{ steps.a.output }}"},"{{ steps.a.output }}"]})"
        ) +
        "," + plain("list", "read-file", R"("zip")", R"({"file":"{{ steps.zip.output }}","as":"zip"})") +
        "," +
        plain(
            "out",
            "read-file",
            R"("zip")",
            R"({"file":"{{ steps.zip.output }}","as":"zip","extract":["x/y/a.txt","b.txt"]})"
        ) +
        "," + plain("read", "read-file", R"("out")", R"({"file":"{{ steps.out.output[2].file }}"})");
    const auto run = start_run(publish(flow(
        steps,
        "{{ ({zip: steps.zip.output, list: steps.list.output, out: steps.out.output, same: steps.read.output "
        "=== "
        "'first ' + 'abc '.repeat(5000)}) }}"
    )));
    const auto ended = finish(run, 30s);
    ASSERT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    const Json output = *parse_json(value(run, "output"));
    EXPECT_EQ(output.at("zip").at("name"), Json("all.zip"));
    EXPECT_EQ(output.at("zip").at("type"), Json("application/zip"));
    EXPECT_LT(output.at("zip").at("size").if_int64().value_or(9'999), 1'500);
    EXPECT_EQ(
        to_text(output.at("list")),
        R"([{"name":"a.txt","size":20006},{"name":"b.txt","size":0},{"name":"x/y/a.txt","size":20006},{"name":"a (2).txt","size":20006}])"
    );
    EXPECT_TRUE(output.at("same").get_bool());
    const auto& out = output.at("out").get_array();
    EXPECT_FALSE(out[0].get_object().contains("file"));
    EXPECT_EQ(out[1].at("file").at("size"), Json(0));
    EXPECT_EQ(out[2].at("file").at("name"), Json("a.txt"));
}

TEST_F(ArchivesTest, OthersArchivesAreReadAndTheirNamesAreNoPaths) {
    const RunId run = run_with(reader("true"), *from_base64(kTheirs));
    const auto ended = finish(run);
    ASSERT_EQ(ended.state, RunStatus::kSuccess) << ended.error.value_or("");
    const Json output = *parse_json(value(run, "output"));
    const auto& members = output.get_array();
    ASSERT_EQ(members.size(), 3u);
    EXPECT_EQ(members[0].at("name"), Json("orders/März.csv"));
    EXPECT_EQ(members[0].at("file").at("name"), Json("März.csv"));
    EXPECT_EQ(members[0].at("file").at("type"), Json("text/csv"));
    EXPECT_EQ(members[0].at("file").at("sha256"), Json(hex(crypto::sha256("id,name\n7,Muñoz\n"))));
    EXPECT_EQ(members[1].at("name"), Json("../../evil.txt"));
    EXPECT_EQ(members[1].at("file").at("name"), Json("evil.txt"));
    EXPECT_EQ(members[2].at("file").at("size"), Json(0));
    EXPECT_EQ(files(), "3");
}

/// The limits of this test are small: 100,000 bytes, or twice what the archive has.
TEST_F(ArchivesTest, WhatComesOutIsCounted) {
    const auto archive = [&](int bytes) {
        return plain(
                   "a", "make-file", "", R"({"content":"{{ 'a'.repeat()" + std::to_string(bytes) + R"() }}"})"
               ) +
               "," +
               plain("zip", "make-file", R"("a")", R"({"as":"zip","content":["{{ steps.a.output }}"]})") +
               "," +
               plain(
                   "out",
                   "read-file",
                   R"("zip")",
                   R"({"file":"{{ steps.zip.output }}","as":"zip","extract":true})"
               );
    };
    EXPECT_EQ(finish(start_run(publish(flow(archive(100'000))))).state, RunStatus::kSuccess);
    const auto run = start_run(publish(flow(archive(100'001))));
    EXPECT_EQ(finish(run).state, RunStatus::kFailed);
    EXPECT_EQ(steps(run)["out"].failure_kind, FailureKind::kLimit);
    EXPECT_THAT(steps(run)["out"].error.value_or(""), HasSubstr("more than may come out of it"));
    EXPECT_EQ(files(), "5") << "two, two, and one that came out";
}

TEST_F(ArchivesTest, WhatCannotBeTakenOutSaysWhyAndLeavesNothing) {
    std::string bytes = *from_base64(kTheirs);
    EXPECT_THAT(refusal("no archive at all, but long enough to be one"), HasSubstr("no ZIP archive"));
    EXPECT_THAT(refusal(bytes.substr(0, bytes.size() - 1)), HasSubstr("no ZIP archive"));
    EXPECT_THAT(refusal(bytes, R"(["nobody"])"), HasSubstr("there is no member \\\"nobody\\\""));
    EXPECT_THAT(refusal(bytes, "7"), HasSubstr("extract is true"));
    std::string wrong = bytes;
    wrong[wrong.find("harmless")] = 'H';
    EXPECT_THAT(refusal(wrong), HasSubstr("evil.txt\\\" is damaged"));
    const auto directory = bytes.find("PK\x01\x02");
    const auto second = bytes.find("PK\x01\x02", directory + 4);
    std::string encrypted = bytes;
    encrypted[second + 8] |= 1;
    EXPECT_THAT(refusal(encrypted), HasSubstr("is encrypted"));
    std::string other = bytes;
    other[second + 10] = 99;
    EXPECT_THAT(refusal(other), HasSubstr("packed in a way that is not known (99)"));
    std::string beyond = bytes;
    beyond[second + 45] = '\x7f';
    EXPECT_THAT(refusal(beyond), HasSubstr("damaged"));
    std::string cut = bytes;
    cut[second] = 'X';
    EXPECT_THAT(refusal(cut), HasSubstr("the archive's directory is damaged"));
    EXPECT_EQ(files(), "0");
}

}  // namespace
}  // namespace weft::worker
