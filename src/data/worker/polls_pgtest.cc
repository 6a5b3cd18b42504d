#include "core/trigger/poll.h"
#include "data/worker/detail/test_looks.h"
#include "store/triggers/polls.h"
#include "store/triggers/samples.h"

namespace weft::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class PollsTest : public LooksTest {
  protected:
    void SetUp() override {
        LooksTest::SetUp();
        pages_["/items"] = [this](const http::Request&) { return http::Response::json(200, list_); };
    }

    TriggerId poll(std::string config, trigger::Source source = trigger::Source::kPoll) {
        auto settings = trigger::parse_source(source, *parse_json(config));
        EXPECT_TRUE(settings) << settings.error().user << " " << settings.error().field;
        auto definition = workflow::parse(trigger::asking(settings->poll));
        EXPECT_TRUE(definition) << definition.error().user << " " << definition.error().field;
        auto compiled = workflow::compile(*definition, catalog_);
        EXPECT_TRUE(compiled) << compiled.error().user << " " << compiled.error().field;
        const auto kind = trigger::kSources[static_cast<std::size_t>(source)];
        return add_trigger(std::string(kind), settings->config, *compiled);
    }
    std::string settings(const std::string& more = "") {
        return R"({"with":{"url":")" + base_ + R"(/items"},"items":"body.list","id":"id")" + more + "}";
    }

    std::string list_ = R"({"list":[{"id":1},{"id":2}]})";
};

TEST_F(PollsTest, FromNowOnMeansOnlyWhatIsNew) {
    start_worker();
    const TriggerId id = poll(settings());
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(of(id, "is_primed::text || ' ' || items || ' ' || fired"), "true 2 0");
    EXPECT_TRUE(inputs().empty());
    list_ = R"({"list":[{"id":3,"total":"1.50"},{"id":1},{"id":2},{"id":3}]})";
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(inputs(), ElementsAre(R"({"id":3,"total":"1.50"})"));
    EXPECT_EQ(of(id, "items || ' ' || fired || ' ' || (event_at is not null)"), "3 1 true");
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(inputs().size(), 1u) << "what was there before is no news";
    const RunId run = RunId::parse(of(id, "last_run_id")).value();
    const Json about = parse_json(value(run, "trigger")).value();
    EXPECT_EQ(text_or(about.get_object(), "kind"), "poll");
    EXPECT_EQ(text_or(about.get_object(), "id"), id.text());
    EXPECT_EQ(finish(run).state, runstate::RunStatus::kSuccess);
}

TEST_F(PollsTest, WhoListensIsShownWhatIsThereAndNothingIsRemembered) {
    start_worker();
    const TriggerId id = poll(settings(R"(,"cursor":{"path":"id"})"));
    ASSERT_TRUE(asked(id, 1));
    store::Db db(*api_pool_, tenant_);
    const auto by = [] { return rt::Deadline::in(std::chrono::seconds(20)); };
    const auto listen = [&] {
        ASSERT_TRUE(wait(store::triggers::listen(db, id, store::triggers::kListenMax, by())));
        database().scalar(
            "update weft.trigger_poll set due_at = now(), lease_until = null, epoch = epoch + 1 "
            "where trigger_id = $1::uuid",
            {id.text()}
        );
        database().exec("notify weft_trigger, '" + id.text() + "'");
    };
    const auto sample = [&](const char* what) {
        return database().scalar(
            "select (" + std::string(what) + ")::text from weft.trigger_sample where trigger_id = $1::uuid",
            {id.text()}
        );
    };
    listen();
    ASSERT_TRUE(eventually([&] { return sample("captured_at is not null") == "true"; }));
    EXPECT_EQ(of(id, "cursor || ' ' || items || ' ' || fired"), "2 2 0") << "it was shown, and no news";
    EXPECT_TRUE(inputs().empty());

    // Inactive: it asks while somebody listens, and no longer.
    database().exec("update weft.trigger set state = 'inactive'; update weft.trigger_poll set due_at = null");
    list_ = R"({"list":[]})";
    listen();
    ASSERT_TRUE(eventually([&] { return of(id, "due_at > now() and lease_until is null") == "true"; }));
    EXPECT_EQ(sample("listen_until is not null"), "true") << "there was nothing yet";
    pages_["/items"] = [](const http::Request&) { return http::Response::json(500, "{}"); };
    listen();
    ASSERT_TRUE(eventually([&] { return sample("problem like '%500%' and listen_until is null") == "true"; })
    );
    ASSERT_TRUE(eventually([&] { return of(id, "due_at is null") == "true"; }));
    EXPECT_EQ(of(id, "fired || ' ' || failures"), "0 0");
}

TEST_F(PollsTest, AllThatIsThereWhenItsOwnerSaysSo) {
    start_worker();
    ASSERT_TRUE(asked(poll(settings(R"(,"start":"all")")), 1));
    EXPECT_THAT(inputs(), UnorderedElementsAre(R"({"id":1})", R"({"id":2})"));
}

TEST_F(PollsTest, OneRunForAllThatIsNew) {
    start_worker();
    const TriggerId id = poll(settings(R"(,"start":"all","batch":true)"));
    ASSERT_TRUE(asked(id, 1));
    EXPECT_THAT(inputs(), ElementsAre(R"({"items":[{"id":1},{"id":2}]})"));
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(inputs().size(), 1u);
}

TEST_F(PollsTest, TheNextPollIsGivenTheCursor) {
    list_ = R"({"list":[{"id":1,"at":"2026-01-01T10:00:00Z"},{"id":2,"at":"2026-01-01T11:30:00+02:00"}]})";
    start_worker();
    const TriggerId id = poll(
        R"({"with":{"url":")" + base_ +
        R"(/items","query":{"since":"{{ input.cursor }}"}},"items":"body.list","id":"id","cursor":{"path":"at"}})"
    );
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(of(id, "cursor"), R"("2026-01-01T10:00:00Z")") << "the later instant, not the greater text";
    list_ = R"({"list":[{"id":3,"at":"2026-01-01T09:00:00Z"}]})";
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(targets_, ElementsAre("/items", "/items?since=2026-01-01T10%3A00%3A00Z"));
    EXPECT_EQ(of(id, "cursor"), R"("2026-01-01T10:00:00Z")") << "it does not go back";
    EXPECT_EQ(inputs().size(), 1u) << "but what is new is new";
}

TEST_F(PollsTest, AFailureIsSaidAndTriedRarerAndLosesNothing) {
    start_worker();
    const TriggerId id = poll(settings());
    ASSERT_TRUE(asked(id, 1));
    const auto good = pages_["/items"];
    pages_["/items"] = [](const http::Request&) { return http::Response::json(500, R"({"error":"down"})"); };
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(of(id, "problem"), HasSubstr("500"));
    EXPECT_EQ(of(id, "failures"), "3");
    EXPECT_EQ(of(id, "failing_since is not null and failing_since < polled_at"), "true");
    EXPECT_EQ(of(id, "due_at > now() + interval '39 minutes'"), "true");
    pages_["/items"] = [](const http::Request&) { return http::Response::json(200, R"({"list":7})"); };
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(of(id, "problem"), HasSubstr("body.list"));
    EXPECT_EQ(
        database().scalar("select sum(events) || ' ' || min(reason) from weft.trigger_miss where detail <> ''"
        ),
        "4 failed"
    ) << "the history has them";
    pages_["/items"] = good;
    list_ = R"({"list":[{"id":9},{"id":1}]})";
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(
        of(id, "failures || ' ' || (problem is null) || ' ' || (failing_since is null)"), "0 true true"
    );
    EXPECT_THAT(inputs(), ElementsAre(R"({"id":9})"));
}

TEST_F(PollsTest, WhatOneTransactionDoesNotTakeComesNextAndTheCursorWaits) {
    options_.poller.runs_max = 3;
    JsonArray items;
    for (int i = 0; i < 10; ++i) items.push_back(JsonObject{{"id", i}});
    list_ = to_text(JsonObject{{"list", std::move(items)}});
    start_worker();
    const TriggerId id = poll(settings(R"(,"start":"all","cursor":{"path":"id"})"));
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(of(id, "fired || ' ' || (cursor is null)"), "3 true");
    ASSERT_TRUE(asked(id, 4));
    EXPECT_EQ(of(id, "fired || ' ' || cursor"), "10 9");
    EXPECT_EQ(std::to_string(inputs().size()), "10");
}

TEST_F(PollsTest, AnInactiveWorkflowIsNotAskedForAndWhatComesMeanwhileWaits) {
    start_worker();
    const TriggerId id = poll(settings());
    ASSERT_TRUE(asked(id, 1));
    database().exec("update weft.workflow set state = 'inactive'");
    list_ = R"({"list":[{"id":5}]})";
    const auto calls = calls_["/items"].size();
    database().exec("update weft.trigger_poll set due_at = now(); notify weft_trigger");
    ASSERT_TRUE(eventually([&] { return of(id, "due_at > now() and lease_until is null") == "true"; }));
    EXPECT_EQ(calls_["/items"].size(), calls);
    database().exec("update weft.workflow set state = 'active'");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(inputs(), ElementsAre(R"({"id":5})"));
}

/// Switching on is a wish; what becomes of it is said, and tried again.
TEST_F(PollsTest, SettingUpIsSaidAndTriedAgain) {
    const auto setup = [&](TriggerId id) {
        return database().scalar(
            "select weft.trigger_setup(t.*) from weft.trigger t where id = $1::uuid", {id.text()}
        );
    };
    const auto good = pages_["/items"];
    pages_["/items"] = [](const http::Request&) { return http::Response::json(401, R"({"error":"who"})"); };
    const TriggerId id = poll(settings(R"(,"every":"1d","start":"all")"));
    EXPECT_EQ(setup(id), "pending");
    start_worker();
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(setup(id), "failed");
    EXPECT_THAT(of(id, "problem"), HasSubstr("401"));
    EXPECT_EQ(of(id, "due_at < now() + interval '2 minutes'"), "true") << "sooner than every day";
    EXPECT_THAT(inputs(), IsEmpty());
    pages_["/items"] = good;
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(setup(id), "active");

    std::string meanwhile;
    pages_["/items"] = [&](const http::Request& request) {  // as control/triggers does it
        database().exec(
            "update weft.trigger_poll set due_at = null; update weft.trigger set state = 'inactive'"
        );
        meanwhile = setup(id);
        return good(request);
    };
    database().exec("update weft.trigger_poll set due_at = now(); notify weft_trigger");
    ASSERT_TRUE(eventually([&] { return setup(id) == "inactive"; }));
    EXPECT_EQ(meanwhile, "deactivating");
}

/// Switched off between the question and the answer: nothing is remembered that did not run.
TEST_F(PollsTest, SwitchedOffMeanwhileNothingIsLost) {
    start_worker();
    const TriggerId id = poll(settings());
    ASSERT_TRUE(asked(id, 1));
    list_ = R"({"list":[{"id":5}]})";
    const auto good = pages_["/items"];
    pages_["/items"] = [&](const http::Request& request) {
        database().exec("update weft.workflow set state = 'inactive'");
        return good(request);
    };
    database().exec("update weft.trigger_poll set due_at = now(); notify weft_trigger");
    ASSERT_TRUE(eventually([&] { return calls_["/items"].size() == 2; }));
    ASSERT_TRUE(eventually([&] { return of(id, "due_at > now() and lease_until is null") == "true"; }));
    EXPECT_EQ(of(id, "items || ' ' || fired"), "2 0");
    database().exec("update weft.workflow set state = 'active'");
    pages_["/items"] = good;
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(inputs(), ElementsAre(R"({"id":5})"));
}

/// Its items are others, though they have the ids of what the source before has shown.
TEST_F(PollsTest, AnotherSourceBeginsAnew) {
    start_worker();
    for (const std::string batch : {"false", "true"}) {
        const TriggerId id = poll(settings(R"(,"start":"all","batch":)" + batch));
        ASSERT_TRUE(asked(id, 1));
        const auto before = inputs().size();
        auto changing = wait(api_pool_->begin(pg::Principal::tenant(tenant_), soon()));
        ASSERT_TRUE(changing);
        ASSERT_TRUE(wait(store::triggers::plan_poll(
            store::Db(*changing),
            id,
            store::triggers::Way::kAsked,
            of(id, "compiled"),
            store::triggers::Memory::kForget,
            soon()
        )));
        ASSERT_TRUE(wait(changing->commit(soon())));
        ASSERT_TRUE(ask_again(id));
        EXPECT_EQ(inputs().size(), before + (batch == "true" ? 1 : 2)) << batch;
    }
}

/// The fence: who held the poll before may come back after another one has taken it.
TEST_F(PollsTest, AnAnswerThatComesTooLateIsNotTakenIn) {
    start_worker();
    const TriggerId id = poll(settings(R"(,"start":"all")"));
    const auto good = pages_["/items"];
    pages_["/items"] = [&](const http::Request& request) {
        database().exec("update weft.trigger_poll set epoch = epoch + 1");  // as a claim of another worker
        return good(request);
    };
    ASSERT_TRUE(eventually([&] { return !calls_["/items"].empty(); }));
    (void)wait(rt::sleep_for(300ms, soon()));
    EXPECT_EQ(of(id, "polls || ' ' || fired"), "0 0");
    EXPECT_TRUE(inputs().empty());
}

TEST_F(PollsTest, AnActionOfAnAppIsAskedAsItsRequestSays) {
    add_action(
        "list",
        R"({"key":"list","name":"List","method":"GET","path":"/items","query":{"after":"{{ input.after }}"},
        "input":{"type":"object","properties":{"after":{"type":["integer","null"]}}}})"
    );
    start_worker();
    const TriggerId id =
        poll(R"({"uses":"shop/list@1","with":{"after":"{{ input.cursor }}"},"items":"body.list","id":"id",)"
             R"("cursor":{"path":"id"},"start":"all"})");
    ASSERT_TRUE(asked(id, 1)) << of(id, "problem");
    EXPECT_EQ(of(id, "coalesce(problem, '')"), "");
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(targets_, ElementsAre("/items", "/items?after=2"));
    EXPECT_EQ(inputs().size(), 2u);
}

TEST_F(PollsTest, WhatTheFilterDoesNotWantIsSeenAndCounted) {
    list_ = R"({"list":[{"id":1,"n":5},{"id":2,"n":15},{"id":3,"n":7}]})";
    start_worker();
    const TriggerId id =
        poll(settings(R"(,"start":"all","filter":{"path":"input.n","is":"greater","value":10})"));
    ASSERT_TRUE(asked(id, 1));
    EXPECT_THAT(inputs(), ElementsAre(R"({"id":2,"n":15})"));
    EXPECT_EQ(of(id, "items || ' ' || fired || ' ' || filtered"), "3 1 2");
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(of(id, "filtered"), "2") << "once";
    EXPECT_EQ(
        database().scalar(
            "select reason || ' ' || deliveries || ' ' || size_bytes from weft.refused_delivery where "
            "trigger_id = $1::uuid",
            {id.text()}
        ),
        "filtered 2 14"
    );
}

TEST_F(PollsTest, WhatARateLimitHasNoRoomForIsAskedForAgain) {
    JsonArray items;
    for (int i = 0; i < 5; ++i) items.push_back(JsonObject{{"id", i}});
    list_ = to_text(JsonObject{{"list", std::move(items)}});
    const auto limit = [&](int runs) {
        database().scalar(
            "update weft.workflow set flow = jsonb_build_object('rate', jsonb_build_object('limit', $2::int, "
            "'per_ms', 3600000)) where id = $1::uuid",
            {flow_.id.text(), std::to_string(runs)}
        );
    };
    limit(2);
    start_worker();
    const TriggerId id = poll(settings(R"(,"start":"all","cursor":{"path":"id"})"));
    ASSERT_TRUE(asked(id, 1));
    EXPECT_EQ(of(id, "items || ' ' || fired || ' ' || (cursor is null)"), "2 2 true");
    EXPECT_EQ(of(id, "due_at > now() + interval '20 seconds'"), "true") << "not at once";
    database().exec("update weft.trigger_poll set due_at = now(); notify weft_trigger");
    ASSERT_TRUE(eventually([&] { return calls_["/items"].size() == 2; }));
    ASSERT_TRUE(eventually([&] { return of(id, "due_at > now() and lease_until is null") == "true"; }));
    EXPECT_EQ(of(id, "items || ' ' || fired"), "2 2") << "no room at all: nothing was written";
    database().scalar("update weft.workflow set flow = null where id = $1::uuid", {flow_.id.text()});
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(of(id, "items || ' ' || fired || ' ' || cursor"), "5 5 4");
    EXPECT_EQ(inputs().size(), 5u);
}

TEST_F(PollsTest, AFeedIsReadInTheSandboxAndAskedForOnlyWhatChanged) {
    const auto item = [](int n) {
        return "<item><guid>" + std::to_string(n) + "</guid><title>T &amp; " + std::to_string(n) +
               "</title></item>";
    };
    std::string items = item(1);
    std::string etag = "\"one\"";
    std::vector<std::string> sent;
    pages_["/feed"] = [&](const http::Request& request) {
        sent.emplace_back(request.headers.get("if-none-match"));
        http::Response response = http::Response::text(
            200, "<?xml version=\"1.0\"?><rss><channel><title>N</title>" + items + "</channel></rss>"
        );
        if (sent.back() == etag) response = http::Response::empty(304);
        response.headers.set("content-type", "application/rss+xml");
        response.headers.set("etag", etag);
        return response;
    };
    start_worker();
    const TriggerId id = poll(R"({"url":")" + base_ + R"(/feed"})", trigger::Source::kFeed);
    ASSERT_TRUE(asked(id, 1));
    ASSERT_EQ(of(id, "coalesce(problem, '')"), "");
    ASSERT_TRUE(ask_again(id));
    EXPECT_EQ(of(id, "polls || ' ' || failures || ' ' || items"), "2 0 1") << "not modified is no failure";
    items = item(2) + item(1);
    etag = "\"two\"";
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(sent, ElementsAre("", "\"one\"", "\"one\""));
    ASSERT_EQ(inputs().size(), 1u);
    EXPECT_THAT(inputs().front(), HasSubstr(R"("id":"2","title":"T & 2")"));
    items = "<!DOCTYPE html>";
    etag = "";
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(of(id, "problem"), HasSubstr("document types are not read"));
}

TEST_F(PollsTest, WhatIsNoLongerShownIsForgottenInTheEnd) {
    start_worker();
    const TriggerId id = poll(settings());
    ASSERT_TRUE(asked(id, 1));
    database().exec("update weft.polled_item set seen_at = now() - interval '91 days'");
    list_ = R"({"list":[{"id":1},{"id":3}]})";
    ASSERT_TRUE(ask_again(id));
    EXPECT_THAT(inputs(), ElementsAre(R"({"id":3})"));
    EXPECT_EQ(database().scalar("select count(*) from weft.polled_item"), "2")
        << "1 is shown again and stays, 2 goes";
}

}  // namespace
}  // namespace weft::worker
