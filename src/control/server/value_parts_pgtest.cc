// Parts of large values: ranges of bytes, and what a value is made of.
#include "control/server/detail/test_api.h"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using testing::Caller;
using testing::Reply;
using testing::TestApi;
using testing::World;

class ValuePartsTest : public ::testing::Test {
  protected:
    ValuePartsTest() {
        owner = api.member(api.make_tenant("A"), "owner");
        world = testing::make_world(api, owner);
        run = api.make_run(owner.tenant, world.ids.at("workflow"), "success");
        at = "/runs/" + run.text() + "/value";
        // Incompressible enough to lie in the blob store.
        large = R"({"body":{"items":[)";
        for (int i = 0; i < 12'000; ++i)
            large += (i ? "," : "") + std::string(R"({"id":")") + Uuid::v7(api.clock.now(), api.rng).text() +
                     "\"}";
        large += "]}}";
        api.add_value(owner.tenant, run, "step.one.output", large);
        api.add_value(owner.tenant, run, "step.each[3].output", R"({"n":3})");
    }
    /// The bytes that an answer sends.
    std::string bytes(const Caller& caller, const std::string& target, int* status = nullptr) {
        Reply reply = api.get(caller, target);
        if (status) *status = reply.status;
        last = reply;
        last.stream = {};
        if (!reply.stream) return "";
        Sink sink;
        http::StreamWriter writer(sink, api.soon());
        api.run(reply.stream(writer));
        EXPECT_EQ(reply.stream_length, sink.all.size());
        return sink.all;
    }
    struct Sink final : http::StreamWriter::Sink {
        std::string all;
        rt::Task<Result<void>> write(std::string chunk) override {
            all += chunk;
            co_return Result<void>{};
        }
    };

    TestApi api;
    Caller owner;
    World world;
    RunId run;
    std::string at;
    std::string large;
    Reply last;
};

TEST_F(ValuePartsTest, RangesOfAValueInTheBlobStoreAreItsBytes) {
    ASSERT_EQ(api.db.scalar("select count(*) from weft.payload where blob_ref is not null"), "1");
    int status = 0;
    const std::string of = at + "?of=output&step_id=one";
    EXPECT_EQ(bytes(owner, of, &status), large);
    EXPECT_EQ(status, 200);
    EXPECT_EQ(bytes(owner.with("range", "bytes=100-199"), of, &status), large.substr(100, 100));
    EXPECT_EQ(status, 206);
    EXPECT_EQ(last.headers.get("content-range"), "bytes 100-199/" + std::to_string(large.size()));
    EXPECT_EQ(bytes(owner.with("range", "bytes=-5"), of, &status), large.substr(large.size() - 5));
    EXPECT_EQ(api.get(owner.with("range", "bytes=99999999-"), of).status, 416);
    EXPECT_EQ(bytes(owner, at + "?of=input"), R"({"n": 1})") << "of the run";
    EXPECT_EQ(bytes(owner, at + "?step_id=each&iteration=3"), R"({"n":3})") << "of an item of a loop";
}

TEST_F(ValuePartsTest, AShapeTellsWhereItsRowsAre) {
    const Reply whole = api.get(owner, at + "/shape?step_id=one");
    ASSERT_EQ(whole.status, 200) << to_text(whole.body);
    EXPECT_EQ(whole.body.at("size_bytes"), static_cast<std::int64_t>(large.size()));
    EXPECT_EQ(whole.body.at("keys").at(0).at("name"), "body");
    const Reply items = api.get(owner, at + "/shape?step_id=one&path=%2Fbody%2Fitems&rows=3");
    EXPECT_EQ(items.body.at("items"), 12'000);
    EXPECT_EQ(items.body.at("rows").get_array().size(), 3u);
    const Json& row = items.body.at("rows").at(2);
    const auto first = int_or(row.get_object(), "offset", 0);
    const auto last_byte = first + int_or(row.get_object(), "size_bytes", 0) - 1;
    const std::string range = "bytes=" + std::to_string(first) + "-" + std::to_string(last_byte);
    EXPECT_EQ(bytes(owner.with("range", range), at + "?step_id=one"), to_text(row.get_object().at("value")));
    EXPECT_EQ(api.get(owner, at + "/shape?step_id=one&path=%2Fno").text("field"), "path");
    EXPECT_EQ(api.get(owner, at + "/shape?step_id=none").status, 404);
    EXPECT_EQ(api.get(owner, at + "/shape?iteration=3").text("field"), "iteration");
    EXPECT_EQ(api.get(owner, at + "/shape?step_id=one&of=trigger").text("field"), "of");
    EXPECT_EQ(api.values.held(), 0) << "the memory was given back";
}

TEST_F(ValuePartsTest, WhoMayNotStartRunsSeesNoAddressesThatAnswer) {
    const std::string token(43, 't');
    api.add_value(owner.tenant, run, "output", R"({"url":"https://w/approve#)" + token + "\"}");
    const Caller viewer = api.member(owner.tenant, "viewer");
    EXPECT_NE(bytes(owner, at).find(token), std::string::npos);
    EXPECT_EQ(bytes(viewer, at), R"({"url":"https://w/approve#hidden"})");
    EXPECT_EQ(to_text(api.get(viewer, at + "/shape").body).find(token), std::string::npos);
    const Caller stranger = api.member(api.make_tenant("B"), "owner");
    EXPECT_EQ(api.get(stranger, at).status, 404);
    EXPECT_EQ(api.get(stranger, at + "/shape").status, 404);
}

}  // namespace
}  // namespace weft::control
