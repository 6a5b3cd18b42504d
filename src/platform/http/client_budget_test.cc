#include "platform/http/client.h"
#include "platform/http/detail/test_server.h"
#include "platform/rt/scope.h"

#include <gtest/gtest.h>

namespace weft::http {
namespace {

using testing::TestServer;

constexpr std::size_t kBodyBytes = 1u << 20;

rt::Task<Result<Response>> known(Request) {
    co_return Response::text(200, std::string(kBodyBytes, 'x'));
}

rt::Task<void> chunks(StreamWriter writer) {
    for (std::size_t sent = 0; sent < kBodyBytes; sent += 16u << 10) {
        std::string chunk(16u << 10, 'x');
        if (!co_await writer.write(std::move(chunk))) co_return;
    }
}

rt::Task<Result<Response>> unknown(Request) {
    Response response;
    response.stream = chunks;
    co_return response;
}

rt::Task<Result<Response>> small(Request) {
    co_return Response::text(200, "small");
}

class ClientBudgetTest : public ::testing::Test {
  protected:
    ClientBudgetTest() {
        live_.router().add(Method::kGet, "/known", known);
        live_.router().add(Method::kGet, "/unknown", unknown);
        live_.router().add(Method::kGet, "/small", small);
        live_.start();
    }
    ~ClientBudgetTest() override {
        scope_.cancel(rt::CancelReason::kShutdown);
        loop_.run_until_done(scope_.join());
        answers_.clear();
    }
    ClientRequest request(const std::string& path, std::string owner) {
        ClientRequest out;
        out.url = live_.url(path);
        out.partition = std::move(owner);
        out.budget = budget_;
        out.body_bytes_max = 2 * kBodyBytes;
        return out;
    }
    rt::Task<void> get(ClientRequest request, rt::Deadline by) {
        auto answer = co_await client_.send(std::move(request), std::move(by));
        answers_.push_back(std::move(answer));
    }
    ClientResult wait(ClientRequest request, Steady::duration patience = 5s) {
        return loop_.run_until_done(client_.send(std::move(request), rt::Deadline::in(patience)));
    }
    /// Until `count` answers have come, at most five seconds.
    void until(std::size_t count) {
        for (int i = 0; i < 1'000 && answers_.size() < count; ++i) {
            (void)loop_.run_until_done(rt::sleep_for(5ms, rt::Deadline::in(1s)));
        }
    }

    TestServer live_;
    rt::Loop loop_;
    Client client_{loop_};
    rt::Budget room_{loop_, 4 * std::int64_t(kBodyBytes)};
    rt::Budget* budget_ = &room_;
    std::vector<ClientResult> answers_;
    rt::Scope scope_{loop_};
};

TEST_F(ClientBudgetTest, AnswersWaitUnreadUntilThereIsRoomAndAllComeInTheEnd) {
    for (int i = 0; i < 8; ++i) scope_.spawn(get(request("/known", "greedy"), scope_.forever()));
    until(2);
    (void)loop_.run_until_done(rt::sleep_for(100ms, rt::Deadline::in(1s)));
    EXPECT_EQ(answers_.size(), 2u) << "the rest is for others";
    EXPECT_EQ(room_.held(), 2 * std::int64_t(kBodyBytes));
    auto calm = wait(request("/small", "calm"));
    ASSERT_TRUE(calm) << "another owner's answer finds room";
    EXPECT_EQ(calm->body, "small");
    std::size_t whole = 0;
    for (int i = 0; i < 100 && whole < 8; ++i) {
        until(1);
        for (const auto& answer : answers_) whole += answer && answer->body.size() == kBodyBytes;
        answers_.clear();
    }
    EXPECT_EQ(whole, 8u);
    calm->charge.reset();
    EXPECT_EQ(room_.held(), 0);
}

TEST_F(ClientBudgetTest, WithoutABudgetAllAreReadAtOnce) {  // the control of the test above
    budget_ = nullptr;
    for (int i = 0; i < 8; ++i) scope_.spawn(get(request("/known", "greedy"), scope_.forever()));
    until(8);
    EXPECT_EQ(answers_.size(), 8u);
}

TEST_F(ClientBudgetTest, ABodyOfUnknownLengthTakesItsLimitAndGivesTheRestBack) {
    auto answer = wait(request("/unknown", "a"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body.size(), kBodyBytes);
    EXPECT_EQ(room_.held(), std::int64_t(kBodyBytes));
    for (int i = 0; i < 4; ++i) scope_.spawn(get(request("/unknown", "a"), scope_.forever()));
    answer->charge.reset();
    int whole = 0;
    for (int i = 0; i < 4 && whole < 4; ++i) {
        until(1);
        for (const auto& one : answers_) whole += one.has_value();
        answers_.clear();
    }
    EXPECT_EQ(whole, 4) << "bodies wait for each other";
}

TEST_F(ClientBudgetTest, NoRoomInTimeIsSaidAndMayHaveBeenDelivered) {
    auto first = wait(request("/known", "a"));
    auto second = wait(request("/known", "a"));
    ASSERT_TRUE(first && second);
    auto late = wait(request("/known", "a"), 100ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, Failure::kCrowded);
    EXPECT_EQ(late.error().error.code, Code::kLimit);
    EXPECT_TRUE(late.error().is_maybe_delivered);
    first->charge.reset();
    EXPECT_TRUE(wait(request("/known", "a")));
}

TEST_F(ClientBudgetTest, AnAnswerLongerThanItsLimitTakesNoRoom) {
    auto large = request("/known", "a");
    large.body_bytes_max = kBodyBytes / 2;
    EXPECT_EQ(wait(std::move(large)).error().kind, Failure::kTooLarge);
    EXPECT_EQ(room_.held(), 0);
}

}  // namespace
}  // namespace weft::http
