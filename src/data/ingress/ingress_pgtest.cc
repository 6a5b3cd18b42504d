#include "data/ingress/detail/edge_for_test.h"

namespace weft::ingress::testing {
namespace {

TEST_F(IngressTest, AnEventBecomesARunWithItsValuesAndJob) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto workflow = db_.create_workflow(tenant, "flow");
    auto hook = edge.hook(tenant, workflow.id, kSigned);
    auto request = edge.signed_request(hook, "delivery-1", R"({"order": 7})");
    request.headers.add("Authorization", "Bearer x");
    request.headers.add("Cookie", "a=b");
    request.headers.add("X-Shop-Api-Key", "x");
    request.headers.add("X-GitHub-Event", "push");
    request.target.query.add("a", "1");
    request.target.query.add("a", "2");
    auto answer = edge.body(std::move(request));
    EXPECT_FALSE(answer["duplicate"].get_bool());
    std::string run(answer["run_id"].get_string());
    EXPECT_EQ(edge.value(tenant, run, "input"), parse_json(R"({"order": 7})").value());
    auto trigger = edge.value(tenant, run, "trigger").get_object();
    EXPECT_EQ(trigger["id"], Json(hook.id.text()));
    EXPECT_EQ(trigger["kind"], Json("webhook"));
    EXPECT_EQ(to_text(trigger["query"]), R"({"a":["1","2"]})");
    EXPECT_EQ(to_text(trigger["headers"]).find("Bearer"), std::string::npos);
    std::set<std::string> names;
    for (const auto& header : trigger["headers"].get_object()) names.insert(std::string(header.key()));
    EXPECT_EQ(
        names,
        (std::set<std::string>{"content-type", "x-github-event", "x-weft-delivery", "x-weft-timestamp"})
    );
    EXPECT_EQ(
        db_.scalar(
            "select r.state || ' ' || j.state || ' ' || (r.workflow_version_id = $2::uuid)::text || ' ' || "
            "q.active::text "
            "from workflow_run r join job j on j.run_id = r.id join tenant_queue q on q.tenant_id = "
            "r.tenant_id "
            "where r.id = $1::uuid",
            {run, workflow.version.text()}
        ),
        "queued ready true true"
    );
    EXPECT_EQ(
        count("payload where data is not null and position('order' in encode(data, 'escape')) > 0"), "0"
    );
}

TEST_F(IngressTest, InputFollowsTheContentType) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    auto input = [&](std::string type, std::string body) {
        auto request = edge.request(hook, std::move(body));
        request.headers.set("Content-Type", std::move(type));
        auto answer = edge.body(std::move(request));
        return to_text(edge.value(tenant, std::string(answer["run_id"].get_string()), "input"));
    };
    EXPECT_EQ(
        input("application/cloudevents+json; charset=utf-8", "[1.5]"), to_text(parse_json("[1.5]").value())
    );
    EXPECT_EQ(input("application/x-www-form-urlencoded", "a=1&b=x+y&a=%26"), R"({"a":["1","&"],"b":"x y"})");
    EXPECT_EQ(input("text/plain", "hi"), R"({"text":"hi","content_type":"text/plain"})");
    EXPECT_EQ(input("text/plain", "\xff"), R"({"base64":"/w==","content_type":"text/plain"})");
    EXPECT_EQ(input("application/json", ""), "null");
    auto broken = edge.request(hook, "{");
    EXPECT_EQ(edge.status(std::move(broken)), http_status(Code::kInvalid));
}

TEST_F(IngressTest, OnlyTheRightSignatureIsAccepted) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto flow = db_.create_workflow(tenant, "flow").id;
    auto hook = edge.hook(tenant, flow, kSigned);
    auto other = edge.hook(tenant, flow, kSigned);
    auto good = [&] { return edge.signed_request(hook, "id", R"({"a": 1})"); };
    auto forged = [&](auto change) {
        auto request = good();
        change(request);
        return edge.status(std::move(request));
    };
    auto flip = [](std::string_view text, std::size_t bit) {
        std::string out(text);
        out[bit / 8 % out.size()] = static_cast<char>(out[bit / 8 % out.size()] ^ (1 << bit % 8));
        return out;
    };
    for (std::size_t bit = 0; bit < 64; ++bit) {
        EXPECT_EQ(forged([&](auto& r) { r.body = flip(r.body, bit); }), 401) << bit;
        for (const char* name : {"X-Weft-Signature", "X-Weft-Timestamp", "X-Weft-Delivery"}) {
            // Bit 5 of a letter is its case, which hexadecimal digits do not tell apart.
            if (bit % 8 == 5 && std::string_view(name) == "X-Weft-Signature") continue;
            EXPECT_EQ(forged([&](auto& r) { r.headers.set(name, flip(r.headers.get(name), bit + 56)); }), 401)
                << name << bit;
        }
    }
    EXPECT_EQ(forged([](auto& r) { r.body += " "; }), 401) << "re-encoded JSON";
    EXPECT_EQ(forged([](auto& r) { r.headers.remove("X-Weft-Signature"); }), 401);
    EXPECT_EQ(forged([](auto& r) { r.headers.remove("X-Weft-Timestamp"); }), 401);
    EXPECT_EQ(forged([](auto& r) { r.headers.remove("X-Weft-Delivery"); }), 401) << "the id is signed";
    EXPECT_EQ(forged([](auto& r) { r.headers.set("X-Weft-Signature", ""); }), 401);
    EXPECT_EQ(
        forged([](auto& r) {
            std::string cut(r.headers.get("X-Weft-Signature"));
            r.headers.set("X-Weft-Signature", cut.substr(0, cut.size() - 2));
        }),
        401
    );
    EXPECT_EQ(edge.status(edge.signed_request(hook, "old", "{}", 301s)), 401);
    EXPECT_EQ(edge.status(edge.signed_request(hook, "future", "{}", -302s)), 401);
    auto stolen = edge.signed_request(other, "id", "{}");
    stolen.params.set("token", hook.token);
    EXPECT_EQ(edge.status(std::move(stolen)), 401) << "another trigger's secret";
    EXPECT_EQ(count("trigger_event"), "0");
    auto no_secret = edge.hook(tenant, flow, kSigned, Edge::Sealed::kNo);
    EXPECT_EQ(edge.status(edge.signed_request(no_secret, "id", "{}")), 401);
    no_secret.secret = Secret("");
    EXPECT_EQ(edge.status(edge.signed_request(no_secret, "id", "{}")), 401) << "an empty key is no key";
    EXPECT_EQ(edge.status(good()), 202);
    EXPECT_EQ(edge.status(good()), 202) << "a replay is told the first one's run";
    EXPECT_EQ(count("workflow_run"), "1");
    auto without_id = edge.signed_request(hook, "", "[]");
    auto respelled = without_id;
    std::string spelling(without_id.headers.get("X-Weft-Signature"));
    for (char& c : spelling | std::views::drop(7)) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    respelled.headers.set("X-Weft-Signature", spelling);
    EXPECT_FALSE(edge.body(std::move(without_id))["duplicate"].get_bool());
    EXPECT_TRUE(edge.body(std::move(respelled))["duplicate"].get_bool()) << "the signature in other letters";
}

TEST_F(IngressTest, UnknownInactiveAndUnpublishedAreAbsent) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    Edge::Hook unknown{tenant, hook.id, "no-such-token", {}};
    EXPECT_EQ(edge.status(edge.request(unknown, "{}")), 404);
    EXPECT_EQ(edge.status(edge.request(unknown, "{}")), 404);
    EXPECT_EQ(edge.hooks_.stats().lookups, 1) << "the second time from memory";
    unknown.token = std::string(5'000, 'x');
    EXPECT_EQ(edge.status(edge.request(unknown, "{}")), 404);
    EXPECT_EQ(edge.status(edge.request(hook, "{}")), 202);
    // Behind the cache's back: the flush looks again.
    db_.exec("update trigger set state = 'inactive'");
    EXPECT_EQ(edge.status(edge.request(hook, "{}")), 404);
    edge.hooks_.forget(hook.id);
    EXPECT_EQ(edge.status(edge.request(hook, "{}")), 404);
    db_.exec("update trigger set state = 'active'");
    edge.hooks_.forget(hook.id);
    EXPECT_EQ(edge.status(edge.request(hook, "{}")), 202);
    db_.exec("update workflow set published_version_id = null");
    EXPECT_EQ(edge.status(edge.request(hook, "{}")), 404);
    EXPECT_EQ(count("workflow_run"), "2");
}

TEST_F(IngressTest, AnInactiveWorkflowRefusesClearlyAndStartsNothing) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    const auto switch_to = [&](std::string state) {
        db_.exec("update workflow set state = '" + state + "'");
    };
    for (const char* state : {"inactive", "archived"}) {
        EXPECT_EQ(edge.status(edge.request(hook, "{}")), 202);
        switch_to(state);
        EXPECT_EQ(edge.status(edge.request(hook, "{}")), 404) << "behind the cache's back: the flush looks";
        edge.hooks_.forget(hook.id);
        EXPECT_EQ(edge.status(edge.request(hook, "{}")), 409);
        switch_to("active");
        edge.hooks_.forget(hook.id);
    }
    EXPECT_EQ(count("workflow_run"), "2");
}

TEST_F(IngressTest, ConcurrentRepeatsMakeOneRun) {
    Edge one(db_);
    Edge two(db_);
    auto tenant = one.tenant();
    auto hook = one.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    std::vector<Result<http::Response>> answers;
    rt::Scope first(one.loop_);
    rt::Scope second(two.loop_);
    for (int i = 0; i < 100; ++i) {
        auto request = one.request(hook, "{}");
        request.headers.add("X-Weft-Delivery", "d" + std::to_string(i % 5));
        if (i % 2 == 0) {
            first.spawn(send(one.hooks_, std::move(request), answers));
        } else {
            second.spawn(send(two.hooks_, std::move(request), answers));
        }
    }
    while (first.size() + second.size() > 0) {
        one.loop_.context().poll();
        two.loop_.context().poll();
    }
    std::map<std::string, int> fresh;
    std::set<std::string> runs;
    for (const auto& answer : answers) {
        ASSERT_TRUE(answer) << answer.error().detail;
        auto body = parse_json(answer->body).value().get_object();
        runs.insert(std::string(body["run_id"].get_string()));
        if (!body["duplicate"].get_bool()) ++fresh[std::string(body["run_id"].get_string())];
    }
    EXPECT_EQ(answers.size(), 100u);
    EXPECT_EQ(runs.size(), 5u);
    EXPECT_EQ(fresh.size(), 5u);
    EXPECT_EQ(count("workflow_run"), "5");
    EXPECT_EQ(count("job"), "5");
    EXPECT_EQ(count("payload"), "10");
}

TEST_F(IngressTest, ManyTenantsShareAFlush) {
    Edge edge(db_);
    std::vector<Edge::Hook> hooks;
    for (int i = 0; i < 3; ++i) {
        auto tenant = edge.tenant();
        hooks.push_back(edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen));
    }
    std::vector<Result<http::Response>> answers;
    rt::Scope scope(edge.loop_);
    for (int i = 0; i < 300; ++i) scope.spawn(send(edge.hooks_, edge.request(hooks[i % 3], "{}"), answers));
    edge.wait(scope.join());
    for (const auto& answer : answers) ASSERT_TRUE(answer);
    EXPECT_LT(edge.ingest_.stats().flushes, 100) << "batched";
    for (const auto& hook : hooks) {
        EXPECT_EQ(
            db_.scalar("select count(*) from workflow_run where tenant_id = $1::uuid", {hook.tenant.text()}),
            "100"
        );
    }
}

TEST_F(IngressTest, ManualStartsKeepToTheirTenant) {
    Edge edge(db_);
    auto mine = edge.tenant();
    auto theirs = edge.tenant();
    auto flow = db_.create_workflow(mine, "flow");
    auto foreign = db_.create_workflow(theirs, "flow");
    auto start = [&](StartRun from) {
        return edge.wait(edge.ingest_.start_run(std::move(from), Edge::by()));
    };
    auto run = start({.tenant = mine, .workflow = flow.id, .input = "[1]"});
    ASSERT_TRUE(run) << run.error().detail;
    auto again = start({.tenant = mine, .workflow = flow.id, .version = flow.version, .rerun_of = run->run});
    ASSERT_TRUE(again);
    EXPECT_EQ(edge.value(mine, run->run.text(), "input"), parse_json("[1]").value());
    EXPECT_EQ(start({.tenant = mine, .workflow = foreign.id}).error().code, Code::kNotFound);
    EXPECT_EQ(
        start({.tenant = mine, .workflow = flow.id, .version = foreign.version}).error().code, Code::kNotFound
    );
    EXPECT_EQ(count("workflow_run"), "2");
    EXPECT_EQ(count("job"), "2");
}

TEST_F(IngressTest, RefusesBeforeTheAckWhenTooMuchWaits) {
    Options options;
    options.backlog_max = 3;
    options.backlog_age = 0s;
    Edge edge(db_, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(edge.status(edge.request(hook, "{}")), 202);
    auto refused = edge.wait(edge.hooks_.handle(edge.request(hook, "{}")));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kLimit);
    EXPECT_EQ(http::problem(refused.error(), {}).headers.get("retry-after"), "1");
    db_.exec("delete from job");
    for (int i = 0; i < 100 && edge.status(edge.request(hook, "{}")) != 202; ++i) {
        (void)edge.wait(rt::sleep_for(10ms, Edge::by()));
    }
    EXPECT_EQ(count("job"), "1") << "counted again in the background";

    Options tiny;
    tiny.queue_max = 2;
    Edge narrow(db_, tiny);
    auto other = narrow.tenant();
    auto busy = narrow.hook(other, db_.create_workflow(other, "flow").id, kOpen);
    std::vector<Result<http::Response>> answers;
    rt::Scope scope(narrow.loop_);
    for (int i = 0; i < 20; ++i) scope.spawn(send(narrow.hooks_, narrow.request(busy, "{}"), answers));
    narrow.wait(scope.join());
    int taken = 0;
    for (const auto& answer : answers) {
        if (answer) {
            ++taken;
        } else {
            EXPECT_EQ(answer.error().code, Code::kUnavailable);
        }
    }
    EXPECT_LT(taken, 20);
    EXPECT_EQ(
        db_.scalar("select count(*) from workflow_run where tenant_id = $1::uuid", {other.text()}),
        std::to_string(taken)
    );
}

TEST_F(IngressTest, ATenantWithAQuotaOfItsOwnIsRefusedByThat) {
    telemetry::Metrics metrics;
    Options options;
    options.backlog_age = 0s;
    options.over_quota = store::quotas::refusals(metrics, "due_runs");
    Edge edge(db_, options);
    auto tenant = edge.tenant();
    auto free = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    auto freely = edge.hook(free, db_.create_workflow(free, "flow").id, kOpen);
    db_.exec("update weft.tenant_queue set due_max = 2 where tenant_id = '" + tenant.text() + "'");
    std::string why;
    for (int i = 0; i < 100 && why.empty(); ++i) {
        auto answer = edge.wait(edge.hooks_.handle(edge.request(hook, "{}")));
        if (!answer) {
            EXPECT_EQ(answer.error().code, Code::kLimit);
            why = answer.error().user;
        }
        (void)edge.wait(rt::sleep_for(10ms, Edge::by()));
    }
    EXPECT_NE(why.find("due_runs is used up: 2 of at most 2"), std::string::npos) << why;
    EXPECT_EQ(count("job"), "2") << "with a pause between them, none too many";
    EXPECT_NE(metrics.expose().find("weft_quota_refusals_total{quota=\"due_runs\"} "), std::string::npos);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(edge.status(edge.request(freely, "{}")), 202);
}

TEST_F(IngressTest, NothingIsTakenInWhileTheDiskIsNearlyFull) {
    bool is_full = true;
    Options options;
    options.admit = [&]() -> Result<void> {
        if (is_full) return fail(Error::unavailable("no room"));
        return {};
    };
    Edge edge(db_, options);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    auto refused = edge.wait(edge.hooks_.handle(edge.request(hook, "{}")));
    ASSERT_FALSE(refused);
    auto answer = http::problem(refused.error(), {});
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.get("retry-after"), "1");
    EXPECT_EQ(count("trigger_event"), "0");
    is_full = false;
    EXPECT_EQ(edge.status(edge.request(hook, "{}")), 202);
}

TEST_F(IngressTest, AckedMeansStoredWhenConnectionsAreCut) {
    Edge edge(db_);
    auto tenant = edge.tenant();
    auto hook = edge.hook(tenant, db_.create_workflow(tenant, "flow").id, kOpen);
    std::vector<Result<http::Response>> answers;
    rt::Scope scope(edge.loop_);
    int sent = 0;
    for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 25; ++i, ++sent) {
            auto request = edge.request(hook, "{}");
            request.headers.add("X-Weft-Delivery", std::to_string(sent));
            scope.spawn(send(edge.hooks_, std::move(request), answers));
        }
        edge.loop_.context().run_for(Millis(round % 7));
        db_.exec(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'weft_api' "
            "and datname = current_database() and application_name = 'weft'"
        );
    }
    edge.wait(scope.join());
    int acked = 0;
    std::string runs;
    for (const auto& answer : answers) {
        if (!answer || answer->status != 202) continue;  // refused: nothing was promised
        ++acked;
        auto body = parse_json(answer->body).value().get_object();
        runs += (runs.empty() ? "" : ",") + std::string(body["run_id"].get_string());
        EXPECT_FALSE(body["duplicate"].get_bool()) << "a repeat of our own is not a duplicate";
    }
    EXPECT_EQ(
        db_.scalar(
            "select count(*) from workflow_run r join job j on j.run_id = r.id where r.id = any($1::uuid[])",
            {"{" + runs + "}"}
        ),
        std::to_string(acked)
    ) << "acknowledged but missing";
    EXPECT_EQ(static_cast<int>(answers.size()), sent);
    EXPECT_GT(acked, 0);
    EXPECT_EQ(count("workflow_run"), count("trigger_event"));
    std::printf("sent %d, acked %d, stored %s\n", sent, acked, count("workflow_run").c_str());
}

}  // namespace
}  // namespace weft::ingress::testing
