#include "base/bytes.h"
#include "data/worker/detail/world.h"
#include "store/alerts/alerts.h"

#include <set>

namespace weft::worker {
namespace {

using runstate::RunStatus;
using ::testing::HasSubstr;
namespace rows = store::alerts;

/// Alerts, with a receiver that is a real HTTP server.
class AlertsTest : public WorkerTest {
  protected:
    void SetUp() override {
        WorkerTest::SetUp();
        if (!pool_) return;
        options_.public_url = "https://weft.example.com";
        options_.alerter.first_pause = Millis(50);
        options_.alerter.lease = Millis(16'000);
        options_.alerter.look_max = std::chrono::milliseconds(50);
        pages_["/told"] = [this](const http::Request& request) {
            told_.push_back({std::string(request.headers.get("webhook-id")), request.body});
            heads_.push_back(request.headers);
            return http::Response::json(status_, "{}");
        };
        flow_ = publish(
            R"({"name":"f","steps":[{"id":"no","uses":"core/fail","with":{"message":"Out of stock"}}]})"
        );
        fine_ = publish(R"({"name":"g","steps":[{"id":"a","uses":"core/map","with":{}}]})");
    }
    void TearDown() override {
        if (pool_) database().exec("delete from weft.alert_rule; delete from weft.run_end");
        WorkerTest::TearDown();
    }

    store::Db api() { return {*api_pool_, tenant_}; }
    std::string sealed(AlertRuleId id, rows::Field field, const std::string& text) {
        auto key = wait(store::vault::find_public_key(api(), soon()));
        EXPECT_TRUE(key);
        return *crypto::seal_to(*key, text, rows::owner_of(tenant_, id, field));
    }
    /// As control/alerts makes one; the worker has to run, which makes the tenant's key.
    AlertRuleId make_rule(
        alert::Channel channel, rows::Settings settings = {.states = {"failed"}, .group = Millis(300)}
    ) {
        settings.name = "Failures";
        const auto id = AlertRuleId::make(clock_.now(), rng_);
        rows::NewRule rule{
            .id = id,
            .settings = std::move(settings),
            .channel = channel,
            .target = "127.0.0.1",
            .sealed_target = sealed(id, rows::Field::kTarget, base_ + "/told")
        };
        if (channel == alert::Channel::kWebhook)
            rule.sealed_secret = sealed(id, rows::Field::kSecret, "whsec_" + base64(std::string(32, 'k')));
        auto made = wait(rows::add(api(), std::move(rule), soon()));
        EXPECT_TRUE(made) << made.error().detail;
        return id;
    }
    rows::Rule rule(AlertRuleId id) {
        auto found = wait(rows::find(api(), id, soon()));
        EXPECT_TRUE(found) << found.error().detail;
        return found.value_or(rows::Rule{});
    }
    RunId fail_one() { return finish(start_run(flow_)).id; }
    /// All that was ever told, by run.
    std::set<std::string> runs_told() {
        std::set<std::string> out;
        for (const auto& [id, body] : told_) {
            const Json parsed = *parse_json(body);
            for (const Json& run : parsed.at("data").at("runs").get_array())
                out.emplace(text_or(run.get_object(), "id"));
        }
        return out;
    }
    std::string of(AlertRuleId id, const std::string& what) {
        return database().scalar(
            "select (" + what + ")::text from weft.alert_rule where id = $1::uuid", {id.text()}
        );
    }
    std::string count_of(const std::string& table) {
        return database().scalar("select count(*) from weft." + table);
    }

    struct Told {
        std::string id;
        std::string body;
    };
    int status_ = 200;
    std::vector<Told> told_;
    std::vector<http::Fields> heads_;
    test::TestDatabase::Workflow flow_, fine_;
};

TEST_F(AlertsTest, AFailureIsToldSignedAndWithoutItsValues) {
    start_worker();
    const AlertRuleId id = make_rule(alert::Channel::kWebhook);
    const RunId run = finish(start_run(flow_, R"({"card":"canary-4711"})")).id;
    EXPECT_EQ(finish(start_run(fine_)).state, RunStatus::kSuccess);
    ASSERT_TRUE(eventually([&] { return rule(id).sent == 1; }));
    ASSERT_EQ(told_.size(), 1u);
    const std::string& body = told_[0].body;
    EXPECT_THAT(body, HasSubstr(R"("count":1)"));
    EXPECT_THAT(body, HasSubstr(R"("step":"no")"));
    EXPECT_THAT(body, HasSubstr("Out of stock"));
    EXPECT_THAT(body, HasSubstr("https://weft.example.com/runs/" + run.text()));
    EXPECT_EQ(body.find("canary"), std::string::npos);
    const std::string signed_text =
        told_[0].id + "." + std::string(heads_[0].get("webhook-timestamp")) + "." + body;
    EXPECT_EQ(
        heads_[0].get("webhook-signature"),
        "v1," + base64(crypto::hmac_sha256(std::string(32, 'k'), signed_text))
    );
    EXPECT_EQ(count_of("alert"), "0");
    EXPECT_EQ(count_of("run_end"), "0");
    EXPECT_EQ(rule(id).told, 1);
    EXPECT_FALSE(rule(id).due_at);
    // A new secret; the old one signs as well.
    auto rotated = wait(rows::rotate_secret(
        api(), id, sealed(id, rows::Field::kSecret, "whsec_" + base64(std::string(32, 'n'))), soon()
    ));
    ASSERT_TRUE(rotated) << rotated.error().detail;
    fail_one();
    ASSERT_TRUE(eventually([&] { return rule(id).sent == 2; }));
    const std::string again =
        told_[1].id + "." + std::string(heads_[1].get("webhook-timestamp")) + "." + told_[1].body;
    EXPECT_EQ(
        heads_[1].get("webhook-signature"),
        "v1," + base64(crypto::hmac_sha256(std::string(32, 'n'), again)) + " v1," +
            base64(crypto::hmac_sha256(std::string(32, 'k'), again))
    );
}

TEST_F(AlertsTest, ATenantWithoutAMatchingRuleWritesNothing) {
    start_worker();
    make_rule(alert::Channel::kSlack, {.workflow = fine_.id, .states = {"failed"}});
    auto off = make_rule(alert::Channel::kSlack);
    ASSERT_TRUE(wait(rows::disable(api(), off, soon())));
    database().exec(
        "create table if not exists public.ends_seen (n int); create or replace function public.see() "
        "returns trigger "
        "language plpgsql security definer as $$ begin insert into public.ends_seen values (1); return new; "
        "end $$; "
        "create trigger see before insert on weft.run_end for each row execute function public.see()"
    );
    fail_one();
    finish(start_run(fine_));
    EXPECT_EQ(database().scalar("select count(*) from public.ends_seen"), "0");
    database().exec(
        "drop trigger see on weft.run_end; drop table public.ends_seen; drop function public.see()"
    );
    EXPECT_TRUE(told_.empty());
}

TEST_F(AlertsTest, KindsOfFailuresAndOtherStatesAreChosen) {
    start_worker();
    const auto provider = make_rule(
        alert::Channel::kWebhook,
        {.states = {"failed"}, .failure_kinds = std::vector<std::string>{"provider"}, .group = Millis(100)}
    );
    const auto success = make_rule(alert::Channel::kWebhook, {.states = {"success"}, .group = Millis(100)});
    fail_one();
    finish(start_run(fine_));
    ASSERT_TRUE(eventually([&] { return rule(success).sent == 1; }));
    EXPECT_EQ(rule(provider).pending, 0);
    EXPECT_EQ(rule(provider).sent, 0);
    EXPECT_EQ(rule(success).told, 1);
}

/// A storm: the first hundred are named, and there is one message in the time that is gathered for.
TEST_F(AlertsTest, AStormIsAFewMessages) {
    start_worker();
    const AlertRuleId id =
        make_rule(alert::Channel::kWebhook, {.states = {"failed"}, .group = Millis(1'500)});
    const AlertRuleId other =
        make_rule(alert::Channel::kSlack, {.states = {"failed"}, .group = Millis(1'500)});
    // What the journal's writer leaves, a thousand times.
    const Steady before = std::chrono::steady_clock::now();
    database().exec(
        "insert into weft.run_end (tenant_id, run_id, workflow_id, state, failure_kind, error, depth) select "
        "'" +
        tenant_.text() + "', gen_random_uuid(), '" + flow_.id.text() +
        "', 'failed', 'provider', '{\"message\":\"down\"}', 0 from generate_series(1, 1000)"
    );
    ASSERT_TRUE(eventually([&] { return rule(id).told == 1'000 && rule(other).told == 1'000; }, 30s));
    const auto took = std::chrono::steady_clock::now() - before;
    EXPECT_LE(rule(id).sent, 2 + took / 1'500ms);
    EXPECT_EQ(static_cast<std::int64_t>(told_.size()), rule(id).sent + rule(other).sent);
    EXPECT_EQ(count_of("alert"), "0");
    EXPECT_EQ(rule(id).lost, 0);
}

/// Killed amid sending: whoever comes next sends the same message, and nothing is lost.
TEST_F(AlertsTest, NothingIsLostWhoeverStops) {
    start_worker();
    const AlertRuleId id = make_rule(alert::Channel::kWebhook, {.states = {"failed"}, .group = Millis(50)});
    std::vector<RunId> runs;
    for (int i = 0; i < 30; ++i) {
        runs.push_back(start_run(flow_));
        if (i % 5 != 4) continue;
        status_ = i % 10 == 4 ? 500 : 200;
        (void)wait(rt::sleep_for(60ms, soon()));
        stop_worker();
        start_worker();
    }
    status_ = 200;
    for (const RunId run : runs) EXPECT_EQ(finish(run, 20s).state, RunStatus::kFailed);
    EXPECT_TRUE(eventually([&] { return rule(id).told == 30; }, 30s)) << rule(id).told;
    EXPECT_EQ(runs_told().size(), 30u);
    EXPECT_EQ(rule(id).lost, 0);
}

TEST_F(AlertsTest, AMessageIsTheSameAtEachAttempt) {
    status_ = 503;
    start_worker();
    const AlertRuleId id = make_rule(alert::Channel::kWebhook, {.states = {"failed"}, .group = Millis(50)});
    fail_one();
    ASSERT_TRUE(eventually([&] { return told_.size() >= 3; }));
    EXPECT_THAT(rule(id).problem.value_or(""), HasSubstr("503"));
    EXPECT_TRUE(rule(id).failing_since);
    fail_one();  // belongs to the next one
    status_ = 204;
    ASSERT_TRUE(eventually([&] { return rule(id).sent == 2; }));
    std::set<std::pair<std::string, std::string>> first;
    for (std::size_t i = 0; i + 1 < told_.size(); ++i) first.emplace(told_[i].id, told_[i].body);
    EXPECT_EQ(first.size(), 1u);
    EXPECT_NE(told_.back().id, told_.front().id);
    EXPECT_FALSE(rule(id).failing_since);
}

TEST_F(AlertsTest, ItIsGivenUpAfterThreeDaysAndAtOnceWhenGone) {
    status_ = 500;
    start_worker();
    const AlertRuleId id = make_rule(alert::Channel::kSlack, {.states = {"failed"}, .group = Millis(50)});
    fail_one();
    ASSERT_TRUE(eventually([&] { return rule(id).attempts >= 1; }));
    database().exec(
        "update weft.alert_rule set message_at = now() - interval '3 days 1 minute', due_at = now()"
    );
    ASSERT_TRUE(eventually([&] { return rule(id).lost == 1; }));
    EXPECT_EQ(rule(id).state, rows::State::kActive);
    EXPECT_TRUE(rule(id).failing_since);
    status_ = 410;
    fail_one();
    ASSERT_TRUE(eventually([&] { return rule(id).state == rows::State::kDisabled; }));
    EXPECT_THAT(rule(id).problem.value_or(""), HasSubstr("410"));
    EXPECT_EQ(rule(id).lost, 2);
    EXPECT_EQ(count_of("alert"), "0");
}

TEST_F(AlertsTest, QuietHoursHoldOrDrop) {
    start_worker();
    const Json always = *parse_json(R"({"from":"00:00","to":"24:00"})");
    const Json never = *parse_json(R"({"from":"00:00","to":"24:00","then":"drop"})");
    const auto held =
        make_rule(alert::Channel::kWebhook, {.states = {"failed"}, .group = Millis(50), .quiet = always});
    const auto dropped =
        make_rule(alert::Channel::kSlack, {.states = {"failed"}, .group = Millis(50), .quiet = never});
    fail_one();
    ASSERT_TRUE(eventually([&] {
        return rule(dropped).silenced == 1 && of(held, "due_at > now() + interval '1 minute'") == "true";
    }));
    EXPECT_TRUE(told_.empty());
    EXPECT_EQ(rule(held).pending, 1);
    // No longer quiet: what was held is told at once.
    ASSERT_TRUE(wait(rows::change(
        api(),
        held,
        {.name = "N", .states = {"failed"}, .group = Millis(50), .quiet = std::nullopt},
        {},
        soon()
    )));
    ASSERT_TRUE(eventually([&] { return rule(held).told == 1; }));
    EXPECT_EQ(rule(dropped).pending, 0);
}

TEST_F(AlertsTest, ATestIsSentAtOnceAndSaysWhatCameOfIt) {
    start_worker();
    const auto id = make_rule(
        alert::Channel::kSlack,
        {.states = {"failed"},
         .group = Millis(86'400'000),
         .quiet = *parse_json(R"({"from":"00:00","to":"24:00"})")}
    );
    fail_one();
    ASSERT_TRUE(eventually([&] { return rule(id).pending == 1; }));
    ASSERT_TRUE(wait(rows::ask_test(api(), id, soon())));
    ASSERT_TRUE(eventually([&] { return rule(id).tested_at.has_value(); }));
    EXPECT_FALSE(rule(id).test_problem);
    ASSERT_EQ(told_.size(), 1u);
    EXPECT_THAT(told_[0].body, HasSubstr("Test of the alert"));
    status_ = 404;
    ASSERT_TRUE(wait(rows::ask_test(api(), id, soon())));
    ASSERT_TRUE(eventually([&] { return rule(id).test_problem.has_value(); }));
    EXPECT_THAT(*rule(id).test_problem, HasSubstr("404"));
    EXPECT_EQ(rule(id).pending, 1) << "what waits is left alone";
    EXPECT_FALSE(rule(id).failing_since);
}

/// The wall: ends of one tenant are never told to another.
TEST_F(AlertsTest, AnotherTenantHearsNothing) {
    start_worker();
    const AlertRuleId id = make_rule(alert::Channel::kWebhook);
    const TenantId other = database().create_tenant();
    database().exec(
        "insert into weft.run_end (tenant_id, run_id, workflow_id, state, depth) values ('" + other.text() +
        "', gen_random_uuid(), '" + flow_.id.text() + "', 'failed', 0)"
    );
    ASSERT_TRUE(eventually([&] { return count_of("run_end") == "0"; }));
    EXPECT_EQ(rule(id).pending, 0);
    EXPECT_EQ(count_of("alert"), "0");
    store::Db theirs(*api_pool_, other);
    EXPECT_EQ(wait(rows::find(theirs, id, soon())).error().code, Code::kNotFound);
    EXPECT_EQ(wait(rows::ask_test(theirs, id, soon())).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace weft::worker
