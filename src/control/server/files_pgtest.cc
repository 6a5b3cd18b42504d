#include "control/server/detail/test_api.h"
#include "platform/crypto/crypto.h"

namespace weft::control {
namespace {

using testing::Caller;
using testing::Reply;
using testing::TestApi;

class FilesApi : public ::testing::Test {
  protected:
    struct Sink final : http::StreamWriter::Sink {
        std::string all;
        rt::Task<Result<void>> write(std::string chunk) override {
            all += chunk;
            co_return Result<void>{};
        }
    };
    std::string bytes_of(Reply& reply) {
        Sink sink;
        http::StreamWriter writer(sink, api.soon());
        api.run(reply.stream(writer));
        EXPECT_EQ(reply.stream_length, sink.all.size());
        return sink.all;
    }
    Reply range(const std::string& id, std::string asked) {
        return api.get(owner.with("range", std::move(asked)), "/files/" + id + "/content");
    }

    TestApi api;
    Caller owner = api.member(api.make_tenant("A"), "owner");
};

TEST_F(FilesApi, WhatWasUploadedComesBackAsAnAttachment) {
    const Reply made = api.post(owner, "/files?name=..%2F%22a%22.html", JsonObject{{"n", 1}});
    ASSERT_EQ(made.status, 201) << to_text(made.body);
    EXPECT_EQ(made.text("name"), "\"a\".html");
    EXPECT_EQ(made.text("sha256"), hex(crypto::sha256(R"({"n":1})")));
    Reply content = api.get(owner, "/files/" + made.id() + "/content");
    EXPECT_EQ(content.status, 200);
    EXPECT_EQ(bytes_of(content), R"({"n":1})");
    EXPECT_TRUE(content.headers.get("content-disposition").starts_with("attachment; filename=\"_a_.html\""));
    EXPECT_EQ(content.headers.get("x-content-type-options"), "nosniff");
    EXPECT_EQ(content.headers.get("content-security-policy"), "sandbox; default-src 'none'");
    EXPECT_EQ(api.get(owner, "/files").body.at("items").get_array().size(), 1u);
}

TEST_F(FilesApi, RangesAreOfTheBytesThatAreThere) {
    const std::string id = api.post(owner, "/files?name=a", JsonObject{{"n", 1}}).id();  // {"n":1}
    Reply some = range(id, "bytes=1-3");
    EXPECT_EQ(some.status, 206);
    EXPECT_EQ(some.headers.get("content-range"), "bytes 1-3/7");
    EXPECT_EQ(bytes_of(some), "\"n\"");
    Reply tail = range(id, "bytes=-2");
    EXPECT_EQ(bytes_of(tail), "1}");
    Reply rest = range(id, "bytes=5-");
    EXPECT_EQ(bytes_of(rest), "1}");
    Reply beyond = range(id, "bytes=7-");
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.headers.get("content-range"), "bytes */7");
    for (const char* other : {"bytes=3-1", "lines=1-2", "bytes=0-1,3-4", "bytes=-", "bytes=x-"}) {
        Reply all = range(id, other);
        EXPECT_EQ(all.status, 200) << other;
        EXPECT_EQ(bytes_of(all), R"({"n":1})") << other;
    }
}

TEST_F(FilesApi, FilesOfOthersAreNotThere) {
    const std::string id = api.post(owner, "/files?name=a", JsonObject{{"n", 1}}).id();
    const Caller stranger = api.member(api.make_tenant("B"), "owner");
    EXPECT_EQ(api.get(stranger, "/files/" + id).status, 404);
    EXPECT_EQ(api.get(stranger, "/files/" + id + "/content").status, 404);
    EXPECT_EQ(api.call(stranger, http::Method::kDelete, "/files/" + id).status, 404);
    EXPECT_EQ(api.call(owner, http::Method::kDelete, "/files/" + id).status, 204);
    EXPECT_EQ(api.get(owner, "/files/" + id + "/content").status, 404);
}

}  // namespace
}  // namespace weft::control
