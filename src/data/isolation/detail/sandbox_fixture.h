#pragma once

#include "data/isolation/isolation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstring>

/// For this module's tests and its benchmark: real sandboxes of the real program.
namespace weft::isolation {

inline std::string frames(const protocol::Request& request) {
    std::string out;
    EXPECT_TRUE(protocol::append(out, request));
    return out;
}
inline std::string begin(std::string input = "{}", std::uint32_t script_timeout_ms = 1000) {
    return frames(protocol::Begin{.input = std::move(input), .script_timeout_ms = script_timeout_ms});
}
inline std::string evaluate(std::string value) {
    return frames(protocol::Evaluate{.value = std::move(value)});
}
inline std::string code(std::string source) {
    return frames(protocol::Code{.source = std::move(source)});
}
inline std::string attack(std::string_view attack_name) {
    const auto size = static_cast<std::uint32_t>(attack_name.size() + 1);
    std::string out(4, '\0');
    std::memcpy(out.data(), &size, 4);
    return out + '\xC8' + std::string(attack_name);
}

inline std::string shown(const Result<Reply>& reply) {
    if (!reply)
        return "error " + std::string(name(reply.error().code)) + ": " + reply.error().user + " | " +
               reply.error().detail;
    if (const auto* value = std::get_if<protocol::Value>(&reply->result)) return value->json;
    if (const auto* failed = std::get_if<protocol::Failed>(&reply->result))
        return "failed " + failed->message;
    return "skipped";
}

class SandboxFixture : public ::testing::Test {
  protected:
    /// Starts a backend; skips where the tier is missing.
    void open(Options options) {
        if (geteuid() != 0) GTEST_SKIP() << "needs root for sandboxes of tier full";
        auto zygote = Zygote::spawn(std::move(options));
        ASSERT_TRUE(zygote) << zygote.error().user;
        auto backend = make_sandbox_backend(loop_, std::move(*zygote));
        ASSERT_TRUE(backend) << backend.error().user << " " << backend.error().detail;
        backend_ = std::move(*backend);
    }
    static Options plain() {
        Options out;
        out.runner_path = WEFT_RUNNER;
        return out;
    }
    static Options attackable(std::vector<std::string> flags = {}) {
        Options out;
        out.runner_path = WEFT_RUNNER_ATTACK;
        out.runner_flags = std::move(flags);
        return out;
    }
    void TearDown() override { close(); }
    void close() {
        if (backend_) loop_.run_until_done(backend_->close());
        backend_.reset();
    }
    std::unique_ptr<Sandbox> start() {
        auto sandbox = loop_.run_until_done(backend_->start({}, {}, rt::Deadline::in(20s)));
        EXPECT_TRUE(sandbox) << sandbox.error().user;
        return sandbox ? std::move(*sandbox) : nullptr;
    }
    /// Of shared mode.
    std::unique_ptr<Sandbox> start(WorkflowVersionId version) {
        RunSpec spec;
        spec.shared_by = version;
        auto sandbox = loop_.run_until_done(backend_->start(spec, {}, rt::Deadline::in(20s)));
        EXPECT_TRUE(sandbox) << sandbox.error().user;
        return sandbox ? std::move(*sandbox) : nullptr;
    }
    Result<Reply> ask(Sandbox& sandbox, std::string request, Millis within = 20s) {
        return loop_.run_until_done(sandbox.request(std::move(request), rt::Deadline::in(within)));
    }
    /// One attack in a sandbox of its own.
    std::string attacked(std::string_view attack_name, Millis within = 20s) {
        auto sandbox = start();
        return shown(ask(*sandbox, attack(attack_name), within));
    }

    rt::Loop loop_;
    std::unique_ptr<Backend> backend_;
};

}  // namespace weft::isolation
