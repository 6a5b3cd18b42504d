#include "control/graphql/serve/detail/socket_connection.h"
#include "platform/crypto/crypto.h"
#include "support/pg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace weft::graphql::detail {
namespace {

using namespace std::chrono_literals;

/// A peer in the hands of the test: says what it is told to, and reads only while it may.
class Peer final : public http::WebSocket::Impl {
  public:
    explicit Peer(rt::Loop& loop) : wake_(loop) {}

    rt::Task<Result<http::Message>> read(rt::Deadline by) override {
        while (to_say_.empty() && !is_closed) CO_CHECK_OK(co_await wake_.wait(by));
        if (is_closed) co_return fail(Error::cancelled("closed"));
        http::Message out{.kind = http::Message::Kind::kText, .data = std::move(to_say_.front())};
        to_say_.pop_front();
        co_return out;
    }
    rt::Task<Result<void>> write(http::Message message, rt::Deadline by) override {
        while (!reads && !is_closed) CO_CHECK_OK(co_await wake_.wait(by));
        if (is_closed) co_return fail(Error::cancelled("closed"));
        heard.push_back(std::move(message.data));
        co_return Result<void>{};
    }
    rt::Task<void> close(std::uint16_t code, std::string) override {
        close_code = code;
        is_closed = true;
        wake_.notify_all();
        co_return;
    }
    void say(std::string text) {
        to_say_.push_back(std::move(text));
        wake_.notify_all();
    }
    void may_read(bool now) {
        reads = now;
        wake_.notify_all();
    }

    std::vector<std::string> heard;
    int close_code = 0;
    bool is_closed = false;
    bool reads = true;

  private:
    std::deque<std::string> to_say_;
    rt::Signal wake_;
};

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
        connection_ =
            std::make_shared<SocketConnection>(context_, Dialect::kTransportWs, http::Request(), clock_);
        scope_.spawn(connection_->run(http::WebSocket(peer_, scope_.forever())));
    }
    ~SocketPg() override {
        connection_->close(socket_close(close_code::kGoingAway, ""));
        loop_.run_until_done(scope_.join());
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
        peer_->say(R"({"type":"connection_init","payload":{"headers":{"x-key":"one"}}})");
        ASSERT_TRUE(eventually([&] { return peer_->heard.size() == 1; }));
        ASSERT_EQ(peer_->heard[0], R"({"type":"connection_ack"})");
    }
    void look_after(Steady::duration later) {
        clock_ += later;
        connection_->look_after(clock_, wall_);
    }
    void change(const std::string& text) {
        db_.exec("update public.note set text = '" + text + "' where id = 1");
        live_.publish({.table = {.name = "note"}, .values = {{"id", "1"}}});
    }
    bool closes_with(int code) {
        return eventually([&] { return peer_->is_closed; }) && peer_->close_code == code;
    }
    /// The key "one" is good until it is revoked.
    rt::Task<Outcome<Session>> authenticate(http::Fields headers) {
        ++authentications_;
        seen_key_ = headers.get("x-key");
        if (failure_) co_return std::unexpected(*failure_);
        co_return session_;
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    pg::Pool pool_{loop_, pg::PoolOptions{.url = db_.superuser_url(), .search_path = "public"}};
    Engine engine_{loop_, pool_, EngineOptions()};
    Live live_{loop_, pool_, engine_, LiveOptions{.coalesce = 1ms, .safety_poll = 0s}};
    EndpointOptions options_;
    std::optional<Failure> failure_;
    Session session_;
    int authentications_ = 0;
    std::string seen_key_;
    SocketContext context_{
        loop_,
        engine_,
        live_,
        [this](http::Fields headers, std::string) { return authenticate(std::move(headers)); },
        options_
    };
    Steady clock_{1h};
    std::chrono::system_clock::time_point wall_{1h};
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
    begin();
    EXPECT_EQ(seen_key_, "one");
    look_after(options_.reauthenticate);
    ASSERT_TRUE(eventually([&] { return authentications_ == 2; }));
    failure_ = Failure{.message = "away", .code = "postgres-error"};  // says nothing of the credential
    look_after(options_.reauthenticate);
    ASSERT_TRUE(eventually([&] { return authentications_ == 3; }));
    peer_->say(R"({"type":"pong"})");
    pass(20ms);
    EXPECT_FALSE(peer_->is_closed);
    failure_ = Failure{.message = "revoked", .code = "access-denied"};
    look_after(options_.reauthenticate);
    EXPECT_TRUE(closes_with(close_code::kForbidden));
    EXPECT_EQ(seen_key_, "one");
}

TEST_F(SocketPg, ClosesWhenRightsHaveChanged) {
    begin();
    session_.role = "user";
    look_after(options_.reauthenticate);
    EXPECT_TRUE(closes_with(close_code::kForbidden));
}

TEST_F(SocketPg, ClosesWhenTheSessionExpires) {
    session_.expires_at = wall_ + 5s;
    begin();
    wall_ += 4s;
    look_after(1s);
    pass(10ms);
    EXPECT_FALSE(peer_->is_closed);
    wall_ += 1s;
    look_after(1s);
    EXPECT_TRUE(closes_with(close_code::kForbidden));
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
