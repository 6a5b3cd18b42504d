#include "core/file/file.h"
#include "data/ingress/detail/edge_for_test.h"

#include <gmock/gmock.h>

namespace weft::ingress {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr std::string_view kMultipart = "multipart/form-data; boundary=xyz";

std::string two_files(const std::string& bytes) {
    const auto part = [](std::string head, const std::string& value) {
        return "--xyz\r\ncontent-disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n";
    };
    return part("name=order", "1001") +
           part("name=doc; filename=\"a.pdf\"\r\ncontent-type: application/pdf", bytes) +
           part("name=doc; filename=\"../../b.txt\"", "second") + part("name=none; filename=\"\"", "") +
           "--xyz--\r\n";
}

/// Deliveries whose bodies are read as they come: through the router, as from a socket.
class FilesTest : public IngressTest {
  protected:
    FilesTest() { edge.hooks_.add_routes(router); }

    http::Request request(
        const Edge::Hook& hook, std::string_view type, std::string body, std::string id = ""
    ) {
        auto made = id.empty() ? edge.request(hook, body) : edge.signed_request(hook, id, body);
        made.headers.set("Content-Type", std::string(type));
        made.target = http::Target::parse("/hooks/" + hook.token).value();
        made.params = {};
        return made;
    }
    Result<http::Response> send(http::Request made) { return edge.wait(router.answer(std::move(made))); }
    JsonObject body(http::Request made) {
        auto answer = send(std::move(made));
        EXPECT_TRUE(answer) << answer.error().user << answer.error().detail;
        if (!answer) return {};
        EXPECT_EQ(answer->status, 202) << answer->body;
        return parse_json(answer->body).value().get_object();
    }
    std::string read(TenantId of, std::string_view run, const Json& handle) {
        auto found =
            edge.wait(edge.files_.find_for_run(of, *RunId::parse(run), {*file::handle_in(handle)}, edge.by())
            );
        EXPECT_TRUE(found);
        if (!found) return "";
        auto opened = edge.wait(edge.files_.open(of, found->front(), edge.by()));
        std::string out;
        for (;;) {
            auto chunk = edge.wait((*opened)->read(static_cast<std::int64_t>(out.size()), edge.by()));
            EXPECT_TRUE(chunk);
            if (!chunk || chunk->empty()) return out;
            out += *chunk;
        }
    }
    std::size_t stored() const {
        std::size_t out = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(edge.folder_.path()))
            out += entry.is_regular_file() && entry.path().parent_path().filename().string().starts_with('f');
        return out;
    }

    Edge edge{db_};
    http::Router router;
    TenantId tenant = edge.tenant();
    WorkflowId flow = db_.create_workflow(tenant, "flow").id;
};

TEST_F(FilesTest, AMultipartDeliveryGivesItsRunTextsAndFiles) {
    const std::string bytes(1'000'000, 'x');
    const auto hook = edge.hook(tenant, flow, kSigned);
    const auto begun = body(request(hook, kMultipart, two_files(bytes), "one"));
    const std::string run(begun.at("run_id").get_string());
    const Json input = edge.value(tenant, run, "input");
    EXPECT_EQ(input.at("order"), Json("1001"));
    EXPECT_FALSE(input.get_object().contains("none"));
    const auto& docs = input.at("doc").get_array();
    ASSERT_EQ(docs.size(), 2u);
    EXPECT_EQ(docs[0].at("name"), Json("a.pdf"));
    EXPECT_EQ(docs[0].at("type"), Json("application/pdf"));
    EXPECT_EQ(docs[0].at("sha256"), Json(hex(crypto::sha256(bytes))));
    EXPECT_EQ(docs[1].at("name"), Json("b.txt"));
    EXPECT_EQ(docs[1].at("type"), Json("text/plain"));
    EXPECT_EQ(read(tenant, run, docs[0]), bytes);
    EXPECT_EQ(read(tenant, run, docs[1]), "second");
    // The same again is the run that there is, and keeps nothing more.
    const auto again = body(request(hook, kMultipart, two_files(bytes), "one"));
    EXPECT_EQ(again.at("run_id").get_string(), run);
    EXPECT_EQ(stored(), 2u);
    EXPECT_EQ(count("weft.file"), "2");
}

TEST_F(FilesTest, BytesBecomeAFileHoweverLarge) {
    const auto hook = edge.hook(tenant, flow, kOpen);
    const std::string bytes(8u << 20, 'p');  // more than other bodies may have
    auto made = request(hook, "application/pdf", bytes);
    made.headers.add("content-disposition", "attachment; filename=\"invoice.pdf\"");
    const auto begun = body(std::move(made));
    const std::string run(begun.at("run_id").get_string());
    const Json input = edge.value(tenant, run, "input");
    EXPECT_EQ(input.at("content_type"), Json("application/pdf"));
    EXPECT_EQ(input.at("file").at("name"), Json("invoice.pdf"));
    EXPECT_EQ(read(tenant, run, input.at("file")), bytes);
}

TEST_F(FilesTest, ABodyThatIsNotSignedLeavesNothing) {
    const auto hook = edge.hook(tenant, flow, kSigned);
    auto forged = request(hook, kMultipart, two_files("real"), "one");
    forged.body = two_files("fake");
    EXPECT_EQ(send(std::move(forged)).error().code, Code::kUnauthenticated);
    auto unsigned_one = request(hook, kMultipart, two_files("real"));
    EXPECT_EQ(send(std::move(unsigned_one)).error().code, Code::kUnauthenticated);
    auto cut = request(hook, kMultipart, two_files("real").substr(0, 150), "two");
    EXPECT_EQ(send(std::move(cut)).error().field, "body");
    EXPECT_EQ(stored(), 0u);
    EXPECT_EQ(count("weft.file"), "0");
    EXPECT_EQ(count("weft.workflow_run"), "0");
    EXPECT_TRUE(body(request(hook, kMultipart, two_files("real"), "three")).contains("run_id"));
}

TEST_F(FilesTest, EverySchemeSignsABodyThatIsReadAsItComes) {
    const auto github = edge.hook(tenant, flow, R"({"signature": {"scheme": "github"}})");
    auto made = request(github, kMultipart, two_files("x"));
    made.headers.add(
        "X-Hub-Signature-256", "sha256=" + hex(crypto::hmac_sha256(github.secret.reveal(), made.body))
    );
    made.headers.add("X-GitHub-Delivery", "one");
    EXPECT_TRUE(body(made).contains("run_id"));
    made.body = two_files("y");
    EXPECT_EQ(send(std::move(made)).error().code, Code::kUnauthenticated);
    const auto token =
        edge.hook(tenant, flow, R"({"signature": {"scheme": "token", "signature_header": "X-Key"}})");
    auto known = request(token, kMultipart, two_files("x"));
    known.headers.add("X-Key", std::string(token.secret.reveal()));
    EXPECT_TRUE(body(std::move(known)).contains("run_id"));
    auto unknown = request(token, kMultipart, two_files("x"));
    unknown.headers.add("X-Key", "guess");
    EXPECT_EQ(send(std::move(unknown)).error().code, Code::kUnauthenticated);
}

TEST_F(FilesTest, WhatIsTooMuchIsSaidAndLeavesNothing) {
    const auto hook = edge.hook(tenant, flow, kOpen);
    std::string many;
    for (int i = 0; i < 21; ++i)
        many += "--xyz\r\ncontent-disposition: form-data; name=f; filename=a\r\n\r\nx\r\n";
    const auto files = send(request(hook, kMultipart, many + "--xyz--"));
    EXPECT_THAT(files.error().user, HasSubstr("20 files"));
    const std::string text =
        "--xyz\r\ncontent-disposition: form-data; name=t\r\n\r\n" + std::string(6u << 20, 't');
    EXPECT_EQ(send(request(hook, kMultipart, text)).error().field, "body");
    const auto cut = send(request(hook, kMultipart, two_files("x").substr(0, 150)));
    EXPECT_EQ(cut.error().field, "body");
    EXPECT_EQ(stored(), 0u);
    EXPECT_EQ(count("weft.workflow_run"), "0");
}

TEST_F(FilesTest, AStartGivesTheFilesOfItsInputAndARepetitionThoseOfTheFirst) {
    const auto hook = edge.hook(tenant, flow, kOpen);
    const auto begun = body(request(hook, "application/pdf", "bytes"));
    const RunId first = *RunId::parse(std::string(begun.at("run_id").get_string()));
    const Json handle = edge.value(tenant, first.text(), "input").at("file");
    const FileId file = *file::handle_in(handle);
    const auto uses = [&](const Result<Started>& started) {
        EXPECT_TRUE(started) << started.error().user;
        return edge.wait(edge.files_.find_for_run(tenant, started->run, {file}, edge.by())).has_value();
    };
    StartRun start{
        .tenant = tenant, .workflow = flow, .input = to_text(Json(JsonObject{{"a", JsonArray{handle}}}))
    };
    EXPECT_TRUE(uses(edge.wait(edge.ingest_.start_run(start, edge.by()))));
    start.input = "{}";
    EXPECT_FALSE(uses(edge.wait(edge.ingest_.start_run(start, edge.by()))));
    start.rerun_of = first;
    EXPECT_TRUE(uses(edge.wait(edge.ingest_.start_run(start, edge.by()))));
    start.rerun_of.reset();
    start.input = R"({"$file":")" + first.text() + R"("})";
    EXPECT_EQ(edge.wait(edge.ingest_.start_run(start, edge.by())).error().code, Code::kNotFound);
}

TEST_F(FilesTest, AnIdInATextGivesNoAccess) {
    const auto hook = edge.hook(tenant, flow, kOpen);
    const auto begun = body(request(hook, "application/pdf", "secret"));
    const Json handle = edge.value(tenant, std::string(begun.at("run_id").get_string()), "input").at("file");
    const auto thief = body(request(hook, "application/json", to_text(handle)));
    const RunId run = *RunId::parse(std::string(thief.at("run_id").get_string()));
    const auto stolen =
        edge.wait(edge.files_.find_for_run(tenant, run, {*file::handle_in(handle)}, edge.by()));
    EXPECT_EQ(stolen.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace weft::ingress
