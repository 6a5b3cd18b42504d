#include "control/server/detail/test_api.h"
#include "support/socket_peer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

namespace weft::control {
namespace {

using namespace std::chrono_literals;
using testing::Caller;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestApi;
using Peer = test::SocketPeer;

constexpr std::string_view kOwn = "http://weft.test";
constexpr std::string_view kOtherPort = "http://weft.test:8081";

/// What a page might say of itself in the first message of a socket.
constexpr std::string_view kForgedPayload =
    R"({"headers":{"origin":"http://weft.test","Origin":"http://weft.test","sec-fetch-site":"same-origin",)"
    R"("host":"weft.test","x-weft-csrf":"1"},"origin":"http://weft.test","sec-fetch-site":"same-origin"})";

Caller from(const Caller& caller, std::string_view origin) {
    return caller.with("origin", std::string(origin));
}

/// The reader of an event stream.
class Reader final : public http::StreamWriter::Sink {
  public:
    rt::Task<Result<void>> write(std::string chunk) override {
        text += chunk;
        co_return Result<void>();
    }
    std::string text;
    bool is_over = false;
};

enum class Kind { kSocket, kGraphqlEvents, kLiveEvents };
constexpr std::array kKinds{Kind::kSocket, Kind::kGraphqlEvents, Kind::kLiveEvents};

class Streams : public ::testing::Test {
  protected:
    explicit Streams(ApiOptions options = TestApi::without_rates()) : api(std::move(options)) {}
    void SetUp() override {
        auto loaded = api.run(api.api->load_graphql(api.soon()));
        ASSERT_TRUE(loaded) << loaded.error().detail;
    }
    ~Streams() override {
        for (const auto& peer : peers) api.run(peer->close(1000, ""));
        api.run(scope.close());
        if (listener != nullptr) api.run(listener->close());
    }

    rt::Task<bool> wait_for(std::function<bool()> holds) {
        const auto by = rt::Deadline::in(10s);
        while (!holds() && !by.is_over()) (void)co_await rt::sleep_for(2ms, by);
        co_return holds();
    }
    bool eventually(std::function<bool()> holds) { return api.run(wait_for(std::move(holds))); }

    /// Opens a socket and says the first message; null when the handshake was refused.
    std::shared_ptr<Peer> open_socket(const Caller& caller, std::string_view payload) {
        const Caller asks =
            caller.with("upgrade", "websocket").with("sec-websocket-protocol", "graphql-transport-ws");
        auto answer = api.run(api.request(asks, http::Method::kGet, "/v1/graphql", std::nullopt));
        if (!answer || !answer->upgrade) return nullptr;
        auto peer = std::make_shared<Peer>(api.loop);
        peers.push_back(peer);
        scope.spawn(answer->upgrade->session(http::WebSocket(peer, scope.forever())));
        peer->say(R"({"type":"connection_init","payload":)" + std::string(payload) + "}");
        EXPECT_TRUE(eventually([&] { return peer->is_closed || !peer->heard.empty(); }));
        return peer;
    }
    /// What the page sees that asks for its visitor's tenant.
    std::string by_socket(const Caller& caller, std::string_view payload = kForgedPayload) {
        const auto peer = open_socket(caller, payload);
        if (peer == nullptr) return "refused";
        if (peer->is_closed) return "closed " + std::to_string(peer->close_code);
        peer->say(R"({"type":"subscribe","id":"a","payload":{"query":"{ tenants { name } }"}})");
        EXPECT_TRUE(eventually([&] { return peer->is_closed || peer->heard.size() > 1; }));
        return peer->heard.at(1);
    }
    std::string by_request(const Caller& caller, http::Method method, std::string target, bool asks = false) {
        std::optional<Json> body;
        if (asks) body = JsonObject{{"query", "{ tenants { name } }"}};
        auto answer = api.run(api.request(caller, method, std::move(target), std::move(body)));
        if (!answer) return "failed";
        if (answer->stream) return "stream";
        const std::string& text = answer->shared_body ? *answer->shared_body : answer->body;
        return std::to_string(answer->status) + " " + text;
    }

    /// Hears what the database tells, and passes it on, or does not.
    enum class Notices { kHeard, kIgnored };
    void listen(Notices notices) {
        ears.on<store::notices::CredentialChanged>([this](const auto&) { ++heard; });
        if (notices == Notices::kHeard) api.api->listen(ears);
        auto on_notify = [this](std::string_view channel, std::string_view line) {
            ears.hear(channel, line);
        };
        listener = std::make_unique<pg::Listener>(
            api.loop, api.db.api_url(), ears.channels(), on_notify, [this] { is_listening = true; }
        );
        listener->start();
        ASSERT_TRUE(eventually([&] { return is_listening; }));
    }

    /// Opens a stream and waits until it has said something, and until the look that follows its registration
    /// is over; then tells whether it has ended.
    std::function<bool()> open(Kind kind, const Caller& caller) {
        const auto looks = [this] { return api.api->leases().stats().renewals; };
        const auto before = looks();
        auto is_over = begin(kind, caller);
        EXPECT_TRUE(eventually([&] { return looks() > before; }));
        return is_over;
    }
    std::function<bool()> begin(Kind kind, const Caller& caller) {
        if (kind == Kind::kSocket) {
            const std::string payload =
                caller.token.empty() ? "{}" : R"({"authorization":"Bearer )" + caller.token + R"("})";
            const auto peer = open_socket(from(caller, kOwn), payload);
            if (peer == nullptr || peer->is_closed) return {};
            peer->say(R"({"type":"subscribe","id":"a","payload":{"query":"subscription { runs { id } }"}})");
            EXPECT_TRUE(eventually([&] { return peer->heard.size() > 1; }));
            return [peer] { return peer->is_closed; };
        }
        const bool is_live = kind == Kind::kLiveEvents;
        std::optional<Json> body;
        if (!is_live) body = JsonObject{{"query", "subscription { runs { id } }"}};
        auto answer = api.run(api.request(
            from(caller, kOwn).with("accept", "text/event-stream"),
            is_live ? http::Method::kGet : http::Method::kPost,
            is_live ? "/api/v1/live" : "/v1/graphql",
            std::move(body)
        ));
        if (!answer || !answer->stream) return {};
        auto reader = std::make_shared<Reader>();
        readers.push_back(reader);
        scope.spawn(produce(std::move(answer->stream), reader));
        const std::string_view first = is_live ? "hello" : "data: {";
        EXPECT_TRUE(eventually([&] { return reader->text.contains(first); }));
        return [reader] { return reader->is_over; };
    }
    rt::Task<void> produce(http::StreamProducer producer, std::shared_ptr<Reader> reader) {
        co_await producer(http::StreamWriter(*reader, scope.forever()));
        reader->is_over = true;
    }

    /// Runs `cause` and tells how many milliseconds later the stream is over; -1: it goes on.
    int ends_after(Kind kind, const Caller& caller, const std::function<void()>& cause) {
        const auto is_over = open(kind, caller);
        EXPECT_TRUE(is_over) << "it did not open";
        if (!is_over) return -1;
        EXPECT_FALSE(is_over()) << "it ended before its cause";
        const auto before = std::chrono::steady_clock::now();
        cause();
        const auto by = rt::Deadline::in(kBound);
        const bool has_ended = api.run(follow(is_over, by));
        const auto took = std::chrono::steady_clock::now() - before;
        return has_ended ? static_cast<int>(std::chrono::floor<Millis>(took).count()) : -1;
    }
    /// The api's clock goes on as time does.
    rt::Task<bool> follow(std::function<bool()> holds, rt::Deadline by) {
        while (!holds() && !by.is_over()) {
            (void)co_await rt::sleep_for(2ms, by);
            api.clock.advance(2ms);
        }
        co_return holds();
    }

    /// On a quiet machine it takes some milliseconds; what is asserted allows for a busy one.
    static constexpr auto kBound = 5s;

    TestApi api;  // as the constructor was told
    store::notices::Ears ears;
    std::unique_ptr<pg::Listener> listener;
    bool is_listening = false;
    int heard = 0;
    Caller owner = api.member(api.make_tenant("Acme"), "owner");
    Caller nobody{};
    std::vector<std::shared_ptr<Peer>> peers;  // outlive the sessions that write to them
    std::vector<std::shared_ptr<Reader>> readers;
    rt::Scope scope{api.loop};
};

TEST_F(Streams, APageOfAnotherPortGetsNothingOfItsVisitor) {
    const Caller page = from(owner, kOtherPort);
    EXPECT_EQ(by_socket(page), "refused");
    EXPECT_THAT(by_request(page, http::Method::kPost, "/v1/graphql", true), Not(HasSubstr("Acme")));
    const Caller sse = page.with("accept", "text/event-stream");
    EXPECT_THAT(by_request(sse, http::Method::kPost, "/v1/graphql", true), Not(HasSubstr("stream")));
    EXPECT_THAT(by_request(page, http::Method::kGet, "/api/v1/live"), HasSubstr("403"));
    EXPECT_THAT(by_request(page, http::Method::kGet, "/api/v1/apps"), HasSubstr("403"));
    EXPECT_THAT(by_request(page, http::Method::kPost, "/api/v1/auth/logout"), HasSubstr("403"));
    // Reads name no origin; there the browser's other word counts.
    const Caller read = owner.with("sec-fetch-site", "same-site");
    EXPECT_THAT(by_request(read, http::Method::kGet, "/api/v1/live"), HasSubstr("403"));
}

TEST_F(Streams, AnOwnPageGetsWhatItsVisitorSees) {
    const Caller page = from(owner, kOwn);
    EXPECT_THAT(by_socket(page), HasSubstr("Acme"));
    EXPECT_THAT(by_request(page, http::Method::kPost, "/v1/graphql", true), HasSubstr("Acme"));
    const Caller sse = page.with("accept", "text/event-stream");
    EXPECT_EQ(by_request(sse, http::Method::kPost, "/v1/graphql", true), "stream");
    EXPECT_EQ(by_request(page, http::Method::kGet, "/api/v1/live"), "stream");
}

TEST_F(Streams, ASocketTakesATokenFromItsFirstMessageAndNoCookieWithoutAnOrigin) {
    const Caller token = api.token_of(owner, "owner");
    const std::string payload = R"({"headers":{"Authorization":"Bearer )" + token.token + R"("}})";
    EXPECT_THAT(by_socket(nobody, payload), HasSubstr("Acme"));
    EXPECT_EQ(by_socket(owner, kForgedPayload), "closed 4403") << "the payload gives no origin either";
    EXPECT_EQ(
        by_socket(nobody, R"({"cookie":"__Host-weft_session=)" + owner.cookie + R"("})"), "closed 4403"
    );
}

struct Cause {
    const char* what;
    enum class By { kSession, kToken, kEither } by;
    std::function<void(TestApi&, const Caller&)> happens;
};

/// One statement about the caller, as an operator may run it.
std::function<void(TestApi&, const Caller&)> sql(std::string text, std::string column) {
    return [=](TestApi& api, const Caller& caller) {
        api.db.exec(text + " where " + column + " = '" + caller.user.text() + "'");
    };
}

const std::vector<Cause>& causes() {
    using enum Cause::By;
    static const std::vector<Cause> all{
        {"logs out",
         kSession,
         [](TestApi& api, const Caller& caller) { EXPECT_EQ(api.post(caller, "/auth/logout").status, 204); }},
        {"session deleted", kSession, sql("delete from weft.session", "user_id")},
        {"session cut short", kSession, sql("update weft.session set expires_at = now()", "user_id")},
        {"session runs out",
         kSession,
         sql("update weft.session set expires_at = clock_timestamp() + interval '300 ms'", "user_id")},
        {"token revoked",
         kToken,
         [](TestApi& api, const Caller& caller) {
             const auto id =
                 api.db.scalar("select id from weft.api_token where created_by = $1", {caller.user.text()});
             const Caller owner = api.member(caller.tenant, "owner");
             EXPECT_EQ(api.call(owner, http::Method::kDelete, "/tokens/" + id).status, 204);
         }},
        {"token deleted", kToken, sql("delete from weft.api_token", "created_by")},
        {"token narrowed", kToken, sql("update weft.api_token set scopes = '{run.read}'", "created_by")},
        {"token runs out",
         kToken,
         sql("update weft.api_token set expires_at = clock_timestamp() + interval '300 ms'", "created_by")},
        {"person disabled", kEither, sql("update weft.app_user set disabled_at = now()", "id")},
        {"role changed", kEither, sql("update weft.membership set role = 'viewer'", "user_id")},
        {"member removed", kEither, sql("delete from weft.membership", "user_id")},
    };
    return all;
}

TEST_F(Streams, EveryRevocationEndsEveryKindOfStream) {
    listen(Notices::kHeard);
    int slowest = 0;
    for (const Cause& cause : causes()) {
        for (const Kind kind : kKinds) {
            for (const bool by_token : {false, true}) {
                if (cause.by == (by_token ? Cause::By::kSession : Cause::By::kToken)) continue;
                Caller caller = api.member(owner.tenant, "builder");
                if (by_token) caller = api.token_of(caller, "builder");
                const int took = ends_after(kind, caller, [&] { cause.happens(api, caller); });
                EXPECT_GE(took, 0) << cause.what << ", stream " << static_cast<int>(kind)
                                   << (by_token ? " of a token" : " of a session");
                slowest = std::max(slowest, took);
            }
        }
    }
    RecordProperty("slowest_ms", slowest);
    std::printf("the slowest stream ended after %d ms\n", slowest);
}

TEST_F(Streams, WithoutNoticesNothingEndsBeforeTheSweep) {
    listen(Notices::kIgnored);
    for (const Kind kind : kKinds) {
        const Caller caller = api.member(owner.tenant, "builder");
        const auto is_over = open(kind, caller);
        ASSERT_TRUE(is_over);
        const int before = heard;
        api.db.exec("update weft.app_user set disabled_at = now() where id = '" + caller.user.text() + "'");
        ASSERT_TRUE(eventually([&] { return heard > before; })) << "the notice came";
        EXPECT_FALSE(is_over());
        api.clock.advance(61s);
        EXPECT_TRUE(eventually(is_over)) << "but the sweep sees it";
    }
}

TEST_F(Streams, AGapInListeningHasEverybodyLookedAt) {
    for (const Kind kind : kKinds) {
        const Caller caller = api.member(owner.tenant, "builder");
        const auto is_over = open(kind, caller);
        ASSERT_TRUE(is_over);
        api.db.exec("update weft.app_user set disabled_at = now() where id = '" + caller.user.text() + "'");
        api.api->on_listening();
        EXPECT_TRUE(eventually(is_over));
    }
}

TEST_F(Streams, OthersGoOn) {
    listen(Notices::kHeard);
    const auto is_over = open(Kind::kSocket, owner);
    const Caller caller = api.member(owner.tenant, "builder");
    for (const Kind kind : kKinds) {
        EXPECT_GE(
            ends_after(
                kind,
                caller,
                [&] {
                    api.db.exec(
                        "update weft.membership set role = case role when 'viewer' then 'builder' else "
                        "'viewer' end "
                        "where user_id = '" +
                        caller.user.text() + "'"
                    );
                }
            ),
            0
        );
    }
    EXPECT_FALSE(is_over());
}

/// What outlives the api of a test.
struct Door {
    rt::SystemClock clock;
    SystemRng rng;
    http::Strangers strangers{clock, rng, {.per_second = 0.001, .burst = 10}};
};

/// With an allowance for a caller and for strangers of the address, both of which don't come back.
class FloodedStreams : private Door, public Streams {
  protected:
    FloodedStreams() : Streams(options(strangers)) {}
    static ApiOptions options(http::Strangers& strangers) {
        ApiOptions out = TestApi::without_rates();
        out.rates.principal = {.per_second = 0.001, .burst = 10};
        out.strangers = &strangers;
        return out;
    }
    int use_up(const Caller& caller) {
        int status = 200;
        for (int i = 0; i < 20 && status != 429; ++i) status = api.get(caller, "/apps").status;
        return status;
    }
};

TEST_F(FloodedStreams, ARevocationIsSeenThroughAFlood) {
    listen(Notices::kHeard);
    const Caller caller = api.token_of(api.member(owner.tenant, "builder"), "builder");
    const Caller other = api.token_of(api.member(owner.tenant, "builder"), "builder");
    Caller guesser;
    guesser.token = "weft_guess";
    std::vector<std::function<bool()>> ended;
    std::vector<std::function<bool()>> going_on;
    for (const Kind kind : kKinds) {
        ended.push_back(open(kind, caller));
        going_on.push_back(open(kind, other));
    }
    for (const Caller& each : {caller, other, guesser}) EXPECT_EQ(use_up(each), 429);
    const auto begun = std::chrono::steady_clock::now();
    api.db.exec("delete from weft.api_token where created_by = '" + caller.user.text() + "'");
    const auto by = rt::Deadline::in(kBound);
    EXPECT_TRUE(api.run(follow([&] { return std::ranges::all_of(ended, [](auto& is) { return is(); }); }, by))
    );
    const auto took = std::chrono::floor<Millis>(std::chrono::steady_clock::now() - begun);
    std::printf("three streams ended %d ms after their token\n", static_cast<int>(took.count()));
    const auto before = api.api->leases().stats().renewals;
    api.api->on_listening();
    ASSERT_TRUE(eventually([&] { return api.api->leases().stats().renewals >= before + kKinds.size(); }));
    for (const auto& is_over : going_on) EXPECT_FALSE(is_over()) << "it was looked at, and holds";
}

TEST_F(Streams, AClientIsToldWhy) {
    listen(Notices::kHeard);
    const Caller caller = api.member(owner.tenant, "builder");
    for (const Kind kind : kKinds) ASSERT_TRUE(open(kind, caller));
    const auto is_over = open(Kind::kLiveEvents, caller);
    api.db.exec("delete from weft.session where user_id = '" + caller.user.text() + "'");
    EXPECT_TRUE(eventually([&] { return peers[0]->is_closed && readers[0]->is_over && readers[1]->is_over; })
    );
    EXPECT_EQ(peers[0]->close_code, 4401);
    EXPECT_THAT(readers[0]->text, ::testing::EndsWith("event: complete\ndata:\n\n"));
    EXPECT_THAT(readers[0]->text, HasSubstr("access-denied"));
    EXPECT_THAT(readers[1]->text, HasSubstr("event: error\ndata: {\"code\":\"unauthenticated\""));
}

}  // namespace
}  // namespace weft::control
