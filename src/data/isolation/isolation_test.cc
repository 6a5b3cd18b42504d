#include "data/isolation/isolation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/rt/scope.h"

namespace weft::isolation {
namespace {

using ::testing::HasSubstr;

std::string begin(std::string input = "{}") {
    std::string out;
    EXPECT_TRUE(protocol::append(out, protocol::Request(protocol::Begin{.input = std::move(input), .script_timeout_ms = 1000})));
    return out;
}
std::string evaluate(std::string value) {
    std::string out;
    EXPECT_TRUE(protocol::append(out, protocol::Request(protocol::Evaluate{.value = std::move(value)})));
    return out;
}
std::string code(std::string source) {
    std::string out;
    EXPECT_TRUE(protocol::append(out, protocol::Request(protocol::Code{.source = std::move(source)})));
    return out;
}
std::string shown(const Result<Reply>& reply) {
    if (!reply) return std::string("error ") + std::string(name(reply.error().code)) + " " + reply.error().user + " | " + reply.error().detail;
    if (auto* value = std::get_if<protocol::Value>(&reply->result)) return value->json;
    if (auto* failed = std::get_if<protocol::Failed>(&reply->result)) return "failed " + failed->message;
    return "skipped";
}

class SandboxTest : public ::testing::Test {
  protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root: sandboxes of tier full";
        auto zygote = Zygote::spawn(options());
        ASSERT_TRUE(zygote) << zygote.error().user;
        auto backend = make_sandbox_backend(loop, std::move(*zygote));
        ASSERT_TRUE(backend) << backend.error().user << backend.error().detail;
        backend_ = std::move(*backend);
    }
    void TearDown() override {
        if (backend_) loop.run_until_done(backend_->close());
    }
    virtual Options options() {
        Options out;
        out.runner_path = WEFT_RUNNER;
        return out;
    }
    std::unique_ptr<Sandbox> start() {
        auto sandbox = loop.run_until_done(backend_->start({}, {}, rt::Deadline::in(10s)));
        EXPECT_TRUE(sandbox) << sandbox.error().user;
        return std::move(*sandbox);
    }
    Result<Reply> ask(Sandbox& sandbox, std::string frames, Millis within = 10s) {
        return loop.run_until_done(sandbox.request(std::move(frames), rt::Deadline::in(within)));
    }

    rt::Loop loop;
    std::unique_ptr<Backend> backend_;
};

TEST_F(SandboxTest, EvaluatesAndKeepsTheRunsValues) {
    auto sandbox = start();
    EXPECT_EQ(shown(ask(*sandbox, begin(R"({"a":[1,2,3]})") + evaluate(R"({"n":"{{ input.a.length }}","s":"x{{ input.a.map(x => x * 2) }}"})"))),
              R"({"n":3,"s":"x[2,4,6]"})");
    EXPECT_EQ(shown(ask(*sandbox, code("console.log('hi', input.a); return input.a.reduce((a, b) => a + b)"))), "6");
    EXPECT_GT(sandbox->usage().cpu, 0us);
}

TEST_F(SandboxTest, AMemoryBombEndsOnlyItsRun) {
    auto neighbour = start();
    auto bomber = start();
    EXPECT_EQ(shown(ask(*neighbour, begin() + evaluate("1"))), "1");
    auto reply = ask(*bomber, begin() + code("const a = []; for (;;) a.push(new Array(1e5).fill(a.length))"));
    EXPECT_THAT(shown(reply), HasSubstr("out of memory"));
    EXPECT_EQ(shown(ask(*neighbour, evaluate("2"))), "2");
}

TEST_F(SandboxTest, ADeadlineKills) {
    auto sandbox = start();
    auto reply = ask(*sandbox, begin() + code("for (;;) {}"), 100ms);
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, Code::kTimeout);
    EXPECT_EQ(ask(*sandbox, evaluate("1")).error().code, Code::kCancelled);
}

TEST_F(SandboxTest, ManyRunsLeaveNothing) {
    for (int i = 0; i < 2000; ++i) {
        auto sandbox = start();
        ASSERT_EQ(shown(ask(*sandbox, begin("{\"n\":" + std::to_string(i) + "}") + evaluate(R"("{{ input.n + 1 }}")"))), std::to_string(i + 1));
    }
    EXPECT_EQ(backend_->health().started, 2000u);
    EXPECT_EQ(backend_->health().died, 0u);
}

}  // namespace
}  // namespace weft::isolation
