#include "graphql/serve/detail/socket_connection.h"
#include "platform/crypto/crypto.h"
#include "support/pg.h"
#include "support/socket_peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

using namespace std::chrono_literals;
using Peer = test::SocketPeer;

constexpr std::string_view kMetadata = R"({"version": 3, "sources": [{"name": "default", "kind": "postgres",
    "configuration": {}, "tables": [{"table": {"schema": "public", "name": "note"}}]}]})";

class SocketPg : public testing::Test {
  protected:
    SocketPg() {
        EXPECT_TRUE(crypto::init());
        db_.exec(
            "create table public.note (id int primary key, text text not null);"
            "insert into public.note values (1, 'first'), (2, 'second')"
        );
        auto catalog =
            loop_.run_until_done(read_catalog(pool_, pg::Principal::login(), rt::Deadline::in(10s)));
        auto metadata = metadata::parse(parse_json(kMetadata).value());
        engine_.use(build_model(std::move(catalog).value(), std::move(metadata).value(), {}, {}));
        http::Request head;
        head.headers.add("cookie", "a=b");
        connection_ = std::make_shared<SocketConnection>(
            context_,
            Dialect::kTransportWs,
            std::make_shared<const http::Handshake>(http::SiteRule(), head),
            clock_
        );
        scope_.spawn(connection_->run(http::WebSocket(peer_, scope_.forever())));
    }
    ~SocketPg() override {
        connection_->close(socket_close(close_code::kGoingAway, ""));
        loop_.run_until_done(scope_.join());
        loop_.run_until_done(leases_.close());
        loop_.run_until_done(live_.close());
        loop_.run_until_done(pool_.close());
    }
    rt::Task<bool> wait_for(std::function<bool()> holds, Steady::duration at_most) {
        const auto by = rt::Deadline::in(at_most);
        while (!holds() && !by.is_over()) (void)co_await rt::sleep_for(2ms, by);
        co_return holds();
    }
    bool eventually(std::function<bool()> holds) {
        return loop_.run_until_done(wait_for(std::move(holds), 10s));
    }
    void pass(Steady::duration time) {
        (void)loop_.run_until_done(wait_for([] { return false; }, time));
    }
    void begin() {
        peer_->say(R"({"type":"connection_init","payload":{"headers":{"x-hasura-key":"one"}}})");
        ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 1; }));
        ASSERT_EQ(peer_->heard[0], R"({"type":"connection_ack"})");
    }
    void look_after(Steady::duration later) {
        clock_ += later;
        connection_->look_after(clock_);
    }
    void change(const std::string& text) {
        db_.exec("update public.note set text = '" + text + "' where id = 1");
        live_.publish({.table = {.name = "note"}, .values = {{"id", "1"}}});
    }
    bool closes_with(int code) {
        return eventually([&] { return peer_->is_closed; }) && peer_->close_code == code;
    }
    /// The key "one" is good until it is revoked.
    rt::Task<Outcome<Identified>> authenticate(Presented presented) {
        ++authentications_;
        seen_key_ = presented.hasura.empty() ? "" : presented.hasura.front().second;
        if (failure_) co_return std::unexpected(*failure_);
        co_return Identified{.session = session_, .holder = holder_};
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    pg::Pool pool_{loop_, pg::PoolOptions{.url = db_.superuser_url(), .search_path = "public"}};
    Engine engine_{loop_, pool_, EngineOptions()};
    Live live_{loop_, pool_, engine_, LiveOptions{.coalesce = 1ms, .safety_poll = 0s}};
    EndpointOptions options_;
    std::optional<Failure> failure_;
    Session session_{.role = "admin"};
    http::Holder holder_;
    int authentications_ = 0;
    std::string seen_key_;
    rt::ManualClock wall_{Instant(1h)};
    http::Leases leases_{
        loop_, wall_, {.subscriptions = {1, 1, 1, 1}, .bytes = {1u << 20, 1u << 20, 1u << 20, 1u << 20}}
    };
    EndpointParts parts_{
        loop_,
        engine_,
        live_,
        leases_,
        [this](std::shared_ptr<const http::Handshake>, Presented presented, http::Look) {
            return authenticate(std::move(presented));
        }
    };
    SocketContext context_{parts_, options_};
    Steady clock_{1h};
    std::shared_ptr<Peer> peer_ = std::make_shared<Peer>(loop_);
    std::shared_ptr<SocketConnection> connection_;
    rt::Scope scope_{loop_};
};

constexpr std::string_view kSubscribe =
    R"({"type":"subscribe","id":"a","payload":{"query":"subscription { note_by_pk(id: 1) { text } }"}})";

TEST_F(SocketPg, ASlowClientHearsTheNewestAnswerOnly) {
    begin();
    peer_->say(std::string(kSubscribe));
    ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 2; }));
    peer_->may_read(false);
    for (int i = 0; i < 20; ++i) {
        const auto pushes = live_.stats().pushes;
        change("n" + std::to_string(i));
        ASSERT_TRUE(eventually([&] { return live_.stats().pushes == pushes + 1; })) << i;
    }
    peer_->may_read(true);
    ASSERT_TRUE(eventually([&] { return peer_->heard.back().find("n19") != std::string::npos; }));
    // The one that was on its way when the client stopped, and the newest.
    EXPECT_LE(peer_->heard.size(), 4U);
}

TEST_F(SocketPg, DropsAClientThatAnswersNoPing) {
    begin();
    look_after(options_.ping);
    look_after(options_.ping);
    EXPECT_FALSE(peer_->is_closed);
    ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 3; }));
    EXPECT_EQ(peer_->heard[1], R"({"type":"ping"})");
    look_after(options_.ping);
    EXPECT_TRUE(closes_with(close_code::kTerminated));
}

TEST_F(SocketPg, KeepsAClientThatAnswersPings) {
    begin();
    for (int i = 0; i < 6; ++i) {
        look_after(options_.ping);
        peer_->say(R"({"type":"pong"})");
        pass(5ms);
    }
    EXPECT_FALSE(peer_->is_closed);
}

TEST_F(SocketPg, ClosesWhenTheCredentialIsRevoked) {
    holder_.keys = {"token 1"};
    begin();
    EXPECT_EQ(seen_key_, "one");
    ASSERT_TRUE(eventually([&] { return authentications_ == 2; })) << "once more after it was registered";
    leases_.wake("token 2");
    leases_.wake("token 1");
    ASSERT_TRUE(eventually([&] { return authentications_ == 3; }));
    failure_ = Failure{.message = "away", .code = "postgres-error"};  // says nothing of the credential
    leases_.wake("token 1");
    ASSERT_TRUE(eventually([&] { return authentications_ == 4; }));
    EXPECT_FALSE(peer_->is_closed);
    failure_ = Failure{.message = "revoked", .code = "access-denied"};
    leases_.wake("token 1");
    EXPECT_TRUE(closes_with(close_code::kUnauthorized));
    EXPECT_EQ(peer_->close_reason, "Unauthorized: revoked");
    EXPECT_EQ(seen_key_, "one");
}

TEST_F(SocketPg, ARevokedReaderHearsNothingMore) {
    holder_.keys = {"token 1"};
    begin();
    peer_->say(std::string(kSubscribe));
    ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 2; }));
    peer_->may_read(false);
    change("on its way");
    ASSERT_TRUE(eventually([&] { return live_.stats().pushes == 2; }));
    change("waits");
    ASSERT_TRUE(eventually([&] { return live_.stats().pushes == 3; }));
    failure_ = Failure{.message = "revoked", .code = "access-denied"};
    leases_.wake("token 1");
    EXPECT_TRUE(closes_with(close_code::kUnauthorized));
    peer_->may_read(true);
    EXPECT_EQ(peer_->heard.back().find("waits"), std::string::npos);
}

TEST_F(SocketPg, ClosesWhenRightsHaveChanged) {
    holder_.keys = {"person"};
    begin();
    session_.role = "user";
    leases_.wake("person");
    EXPECT_TRUE(closes_with(close_code::kForbidden));
}

TEST_F(SocketPg, ClosesWhenTheSessionExpires) {
    session_.expires_at = wall_.now() + 5s;
    begin();
    ASSERT_TRUE(eventually([&] { return authentications_ == 2; }));
    wall_.advance(4s);
    pass(10ms);
    EXPECT_FALSE(peer_->is_closed);
    failure_ = Failure{.message = "expired", .code = "invalid-jwt"};
    wall_.advance(1s);
    EXPECT_TRUE(closes_with(close_code::kForbidden));
}

TEST_F(SocketPg, WhatItHoldsIsCountedAndGivenBack) {
    begin();
    peer_->say(std::string(kSubscribe));
    ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 2; }));
    using enum http::Held;
    const auto held = [&](http::Held what) { return leases_.stats().held[static_cast<std::size_t>(what)]; };
    EXPECT_EQ(held(kStreams), 1u);
    EXPECT_EQ(held(kSubscriptions), 1u);
    EXPECT_EQ(held(kBytes), kSubscribe.size()) << "answers that were read count no more";
    peer_->say(R"({"type":"complete","id":"a"})");
    EXPECT_TRUE(eventually([&] { return held(kBytes) == 0 && held(kSubscriptions) == 0; }));
    connection_->close(socket_close(1000, ""));
    EXPECT_TRUE(eventually([&] { return held(kStreams) == 0; }));
}

TEST_F(SocketPg, ASubscriptionBeyondALimitIsRefusedByName) {
    begin();
    peer_->say(std::string(kSubscribe));
    ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 2; }));
    std::string second(kSubscribe);
    second.replace(second.find(R"("id":"a")"), 8, R"("id":"b")");
    peer_->say(second);
    ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 3; }));
    EXPECT_NE(peer_->heard[2].find("subscriptions_per_stream_max"), std::string::npos) << peer_->heard[2];
    EXPECT_FALSE(peer_->is_closed);
}

TEST_F(SocketPg, AReaderThatLetsTooMuchWaitIsClosed) {
    begin();
    peer_->may_read(false);
    for (int i = 0; i < 12 && !peer_->is_closed; ++i) {
        peer_->say(R"({"type":"ping","payload":{"a":")" + std::string(100'000, 'x') + "\"}}");
    }
    EXPECT_TRUE(closes_with(close_code::kOverload));
    EXPECT_NE(peer_->close_reason.find("stream_bytes_per_stream_max"), std::string::npos);
}

TEST_F(SocketPg, AStrangerLetsLittleWait) {
    peer_->may_read(false);
    peer_->say(R"({"type":"ping","payload":{"a":")" + std::string(100'000, 'x') + "\"}}");
    EXPECT_TRUE(closes_with(close_code::kOverload));
}

TEST_F(SocketPg, ClosesWhenNothingIsSaid) {
    look_after(options_.init_timeout);
    EXPECT_TRUE(closes_with(close_code::kInitTimeout));
}

TEST_F(SocketPg, LeavesNoSubscriptionBehind) {
    begin();
    peer_->say(std::string(kSubscribe));
    ASSERT_TRUE(eventually([&] { return live_.stats().subscriptions == 1; }));
    connection_->close(socket_close(1000, ""));
    EXPECT_TRUE(eventually([&] { return live_.stats().subscriptions == 0; }));
}

}  // namespace
}  // namespace weft::graphql::detail
