#include "control/live/live.h"

#include "platform/pg/pg.h"
#include "platform/rt/scope.h"

#include <gtest/gtest.h>

namespace weft::control {
namespace {

/// A peer that takes what it gets, or stops reading.
class Peer final : public http::StreamWriter::Sink {
  public:
    explicit Peer(rt::Loop& loop) : changed(loop) {}
    rt::Task<Result<void>> write(std::string chunk) override {
        while (is_stuck) {
            if (auto waited = co_await changed.wait(rt::Deadline::in(5s)); !waited) co_return waited;
        }
        text += chunk;
        changed.notify_all();
        co_return Result<void>();
    }
    rt::Signal changed;
    std::string text;
    bool is_stuck = false;
};

class LiveTest : public testing::Test {
  protected:
    LiveTest() { live.add_operations(table); }
    ~LiveTest() override {
        loop.run_until_done(scope.close());
        loop.run_until_done(leases.close());
    }

    Principal principal(TenantId tenant) {
        Principal out;
        out.identity.tenant_id = tenant;
        out.permissions = tenancy::permissions_of(tenancy::Role::kViewer);
        return out;
    }
    Result<http::Response> open(TenantId tenant) {
        Context context;
        context.env = &env;
        context.principal = principal(tenant);
        context.renew = [this](rt::Deadline) { return look(); };
        return loop.run_until_done(table.find("live")->operation.raw(context, JsonObject()));
    }
    rt::Task<http::Renewed> look() {
        ++looks;
        http::Renewed out;
        if (is_revoked) out = {.kind = http::Renewed::Kind::kGone, .reason = "over"};
        co_return out;
    }
    rt::Task<void> produce(http::Response response, Peer& to) {
        co_await response.stream(http::StreamWriter(to, scope.forever()));
        ++ended;
        to.changed.notify_all();
    }
    void listen(TenantId tenant, Peer& to) {
        auto response = open(tenant);
        ASSERT_TRUE(response);
        scope.spawn(produce(std::move(*response), to));
    }
    /// Turns the loop until `text` has arrived.
    bool arrives(Peer& from, std::string_view text) {
        return loop.run_until_done(wait_for(from, std::string(text)));
    }
    rt::Task<bool> wait_for(Peer& from, std::string text) {
        const auto by = rt::Deadline::in(5s);
        while (from.text.find(text) == std::string::npos) {
            if (!co_await from.changed.wait(by)) co_return false;
        }
        co_return true;
    }
    rt::Task<bool> wait_for_end(Peer& from, int count) {
        const auto by = rt::Deadline::in(5s);
        while (ended < count) {
            if (!co_await from.changed.wait(by)) co_return false;
        }
        co_return true;
    }
    using Status = runstate::RunStatus;
    void tell(TenantId tenant, RunId of, Status status = Status::kRunning) {
        live.hear({tenant, of, status, workflow});
    }

    struct NoWrapper final : crypto::KeyWrapper {
        rt::Task<Result<std::string>> wrap(Secret, crypto::Aad, rt::Deadline) override {
            co_return fail(Error::internal("no keys here"));
        }
        rt::Task<Result<Secret>> unwrap(std::string, crypto::Aad, rt::Deadline) override {
            co_return fail(Error::internal("no keys here"));
        }
    };

    rt::Loop loop;
    NoWrapper wrapper;
    rt::SystemClock clock;
    SystemRng rng;
    pg::Pool pool{loop, {}};
    store::vault::TenantKeys keys{pool, wrapper, clock, store::vault::TenantKeys::Reader::kApi};
    Environment env{
        .loop = loop,
        .pool = pool,
        .clock = clock,
        .rng = rng,
        .keys = keys,
        .notify = [](const store::notices::Notice&) {},
        .log = telemetry::Logger({.level = telemetry::Level::kError}),
    };
    http::Leases leases{loop, clock, {.streams = {1, 9, 3, 4}}};
    Live live{env, leases, {.queue_max = 5, .ping = 20ms}};
    Table table;
    TenantId a = TenantId::make(clock.now(), rng);
    TenantId b = TenantId::make(clock.now(), rng);
    RunId run = RunId::make(clock.now(), rng);
    WorkflowId workflow = WorkflowId::make(clock.now(), rng);
    bool is_revoked = false;
    int looks = 0;
    int ended = 0;
    Peer peer{loop};  // outlives the streams that write to it
    rt::Scope scope{loop};
};

TEST_F(LiveTest, SaysHelloThenChangesOfTheCallersTenantOnly) {
    listen(a, peer);
    EXPECT_TRUE(arrives(peer, "event: hello"));
    tell(b, RunId::make(clock.now(), rng));
    tell(a, run);
    EXPECT_TRUE(arrives(peer, "event: run\ndata: {\"id\":\"" + run.text() + "\",\"state\":\"running\""));
    EXPECT_EQ(peer.text.find(b.text()), std::string::npos);
    std::size_t runs = 0;
    for (std::size_t at = 0; (at = peer.text.find("event: run", at)) != std::string::npos; ++at) ++runs;
    EXPECT_EQ(runs, 1u);
}

TEST_F(LiveTest, ASlowReaderLosesEventsAndIsTold) {
    listen(a, peer);
    EXPECT_TRUE(arrives(peer, "hello"));
    for (int i = 0; i < 50; ++i) tell(a, run);  // before the stream gets its turn
    EXPECT_TRUE(arrives(peer, "event: resync"));
    EXPECT_EQ(peer.text.find("event: run"), std::string::npos);
    tell(a, run, Status::kSuccess);
    EXPECT_TRUE(arrives(peer, "success")) << "and goes on afterwards";
}

TEST_F(LiveTest, AGapOfTheListenerIsToldToEverybody) {
    listen(a, peer);
    EXPECT_TRUE(arrives(peer, "hello"));
    live.on_gap();
    EXPECT_TRUE(arrives(peer, "event: resync"));
}

TEST_F(LiveTest, PingsAndEndsWhenTheCredentialIsRevoked) {
    listen(a, peer);
    EXPECT_TRUE(arrives(peer, ": ping"));
    EXPECT_EQ(ended, 0);
    is_revoked = true;
    leases.wake(a.text());
    EXPECT_TRUE(loop.run_until_done(wait_for_end(peer, 1)));
    EXPECT_GE(looks, 1);
    EXPECT_NE(
        peer.text.find(R"(event: error
data: {"code":"unauthenticated","message":"over"})"),
        std::string::npos
    ) << peer.text;
    EXPECT_EQ(live.clients(), 0u);
}

TEST_F(LiveTest, HasACapPerTenantAndInAll) {
    std::vector<Result<http::Response>> held;
    for (int i = 0; i < 3; ++i) held.push_back(open(a));
    for (const auto& each : held) EXPECT_TRUE(each);
    EXPECT_EQ(open(a).error().code, Code::kLimit);
    held.push_back(open(b));
    EXPECT_TRUE(held.back());
    EXPECT_EQ(open(b).error().code, Code::kLimit);
    held.clear();  // answers that were never streamed give their seats back
    EXPECT_EQ(live.clients(), 0u);
    EXPECT_TRUE(open(a));
}

}  // namespace
}  // namespace weft::control
