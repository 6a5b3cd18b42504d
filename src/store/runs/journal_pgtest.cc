#include "base/bytes.h"
#include "store/runs/answered.h"
#include "store/runs/detail/world.h"
#include "store/runs/queries.h"

namespace weft::store::runs {
namespace {

TEST_F(JournalTest, ARunsRowsAreWrittenOnceHoweverOftenTheFlushIsRepeated) {
    auto lease = start_run();
    Entry entry = progress(lease);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(flush_now(entry));
    for (const char* table : {"step_run", "payload", "run_event", "execution_log"}) {
        EXPECT_EQ(count(table, lease), "1") << table;
    }
    EXPECT_EQ(state(lease), "running");

    Entry end = finish(lease);
    end.events_before = 1;
    EXPECT_TRUE(flush_now(end));
    EXPECT_FALSE(flush_now(end));  // its job is gone: ended once
    EXPECT_EQ(count("job", lease), "0");
    EXPECT_EQ(count("run_event", lease), "2");
    EXPECT_EQ(state(lease), "success");
}

TEST_F(JournalTest, AStaleEpochWritesNothing) {
    auto old = start_run();
    database.exec("update weft.job set lease_until = now() - interval '1 s'");
    ASSERT_TRUE(wait(queue.reap(worker, 3, 30s, soon())));
    Entry late = progress(old);
    EXPECT_FALSE(flush_now(late));  // given back, nobody has it yet

    auto current = claim_one();
    ASSERT_EQ(current.epoch, 2);
    EXPECT_FALSE(flush_now(late));
    Entry wrong = finish(old, RunStatus::kFailed);
    EXPECT_FALSE(flush_now(wrong));
    for (const char* table : {"step_run", "payload", "run_event", "execution_log"}) {
        EXPECT_EQ(count(table, old), "0") << table;
    }
    EXPECT_EQ(state(old), "queued");
    EXPECT_EQ(count("job", old), "1");

    Entry right = finish(current);
    EXPECT_TRUE(flush_now(right));
    EXPECT_EQ(state(old), "success");
}

// The control: the same flush without its fence lets a stale worker end the run a second time.
TEST_F(JournalTest, WithoutTheFenceAStaleEpochWouldWrite) {
    auto old = start_run();
    database.exec("update weft.job set lease_until = now() - interval '1 s'");
    ASSERT_TRUE(wait(queue.reap(worker, 3, 30s, soon())));
    Entry right = finish(claim_one());
    EXPECT_TRUE(flush_now(right));

    Entry wrong = finish(old, RunStatus::kFailed);
    auto written = wait(flush_with(pool, {&wrong}, Fence::kOff, soon()));
    ASSERT_TRUE(written) << written.error().detail;
    EXPECT_EQ(count("run_event", old), "2");  // two ends: what the fault test looks for
    EXPECT_EQ(counted().substr(0, 2), "2 ");  // and it is charged twice
}

TEST_F(JournalTest, WhatARunHasCostCountsOnceHoweverOftenItIsFlushed) {
    auto lease = start_run();
    Entry entry = progress(lease);
    entry.steps[0].used = {
        .cpu_us = 700, .memory_byte_seconds = 9, .bytes_in = 40, .bytes_out = 5, .calls = 1
    };
    entry.used = entry.steps[0].used;
    entry.used.steps = 1;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(flush_now(entry));
    EXPECT_EQ(counted(), "0 0 0 0") << "it has not ended";

    rt::Budget room(loop, 1 << 20);
    Runs runs(api_pool, *codec, room);
    EXPECT_EQ(wait(runs.get(tenant, lease.run, soon()))->used, entry.used);
    EXPECT_EQ(wait(runs.steps(tenant, lease.run, {}, soon()))->front().used, entry.steps[0].used);

    // Another worker goes on from there.
    database.exec("update weft.job set lease_until = now() - interval '1 s'");
    ASSERT_TRUE(wait(queue.reap(worker, 3, 30s, soon())));
    const auto later = claim_one();
    auto loaded = wait(load(pool, {later}, clock.now(), soon()));
    ASSERT_TRUE(loaded && loaded->size() == 1) << loaded.error().detail;
    EXPECT_EQ(loaded->front().used, entry.used);
    ASSERT_EQ(loaded->front().steps.size(), 1u);
    EXPECT_EQ(loaded->front().steps[0].used, entry.steps[0].used);

    Entry end = finish(later);
    end.used = entry.used;
    end.used += {.cpu_us = 300, .steps = 1};
    Entry late = finish(lease);
    late.used = end.used;
    EXPECT_FALSE(flush_now(late)) << "the first worker has lost the run";
    EXPECT_TRUE(flush_now(end));
    EXPECT_FALSE(flush_now(end)) << "as after an unknown outcome";
    EXPECT_EQ(counted(), "1 2 1000 40");
}

TEST_F(JournalTest, RunsOfOneFlushAreAddedUpByWorkflow) {
    auto one = start_run();
    auto two = start_run();
    workflow = database.create_workflow(tenant, "other");
    auto three = start_run();
    std::vector<Entry> ends{finish(one), finish(two, RunStatus::kFailed), finish(three)};
    for (Entry& end : ends) end.used = {.cpu_us = 10, .bytes_in = 3, .steps = 2};
    std::vector<Entry*> entries{&ends[0], &ends[1], &ends[2]};
    auto written = wait(flush(pool, std::move(entries), soon()));
    ASSERT_TRUE(written) << written.error().detail;
    EXPECT_EQ(counted(), "3 6 30 9");
    EXPECT_EQ(database.scalar("select string_agg(runs::text, ' ' order by runs) from weft.usage_day"), "1 2");
}

TEST_F(JournalTest, AnEndThatIsKnownAlreadyIsChargedToNobody) {
    auto lease = start_run();
    Entry end = finish(lease);
    end.used = {.cpu_us = 10};
    end.is_known = true;
    EXPECT_TRUE(flush_now(end));
    EXPECT_EQ(counted(), "0 0 0 0");
}

TEST_F(JournalTest, OneFlushServesManyTenantsAndIsAllOrNothing) {
    auto first = start_run();
    auto stale = start_run();
    stale.epoch = 9;
    tenant = database.create_tenant("Other");
    workflow = database.create_workflow(tenant, "flow");
    auto other = start_run();
    Entry a = progress(first);
    Entry b = progress(stale);
    Entry c = finish(other);
    auto together = wait(flush(pool, {&c, &b, &a}, soon()));
    ASSERT_FALSE(together);
    EXPECT_EQ(together.error().code, Code::kStale);
    for (const auto& lease : {first, stale, other}) EXPECT_EQ(state(lease), "queued") << "all or nothing";
    EXPECT_TRUE(wait(flush(pool, {&c, &a}, soon())));
    EXPECT_EQ(state(other), "success");
    EXPECT_EQ(state(first), "running");
}

TEST_F(JournalTest, TheWriterBatchesReportsStaleAndNotifies) {
    std::vector<queue::Lease> leases;
    for (int i = 0; i < 10; ++i) leases.push_back(start_run());
    auto stale = start_run();
    stale.epoch = 8;
    std::vector<notices::Notice> told;
    JournalWriter writer(loop, pool, [&](const notices::Notice& notice) { told.push_back(notice); });
    std::map<RunId, Code> failed;
    auto write = [](JournalWriter& to, Entry entry, std::map<RunId, Code>& out, rt::Deadline by
                 ) -> rt::Task<void> {
        RunId run = entry.lease.run;
        auto written = co_await to.write(std::move(entry), by);
        if (!written) out[run] = written.error().code;
    };
    rt::Scope scope(loop);
    for (const auto& lease : leases) scope.spawn(write(writer, finish(lease), failed, soon()));
    wait(scope.join());
    EXPECT_LE(writer.stats().flushes, 3);  // the first alone, the others together
    scope.spawn(write(writer, finish(stale), failed, soon()));
    wait(scope.join());
    ASSERT_EQ(failed.size(), 1u);
    EXPECT_EQ(failed[stale.run], Code::kStale);
    EXPECT_EQ(writer.stats().stale, 1);
    EXPECT_EQ(told.size(), 10u);
    const notices::Notice success =
        notices::RunChanged{tenant, leases[0].run, RunStatus::kSuccess, workflow.id};
    EXPECT_EQ(told.front(), success);
    wait(writer.close());
}

TEST_F(JournalTest, TheWriterTellsOfProgressOnlyWhereTheRunGoesOn) {
    std::vector<notices::RunChanged> told;
    JournalWriter writer(loop, pool, [&](const notices::Notice& notice) {
        told.push_back(std::get<notices::RunChanged>(notice));
    });
    const auto ended = start_run();
    const auto going_on = start_run();
    ASSERT_TRUE(wait(writer.write(progress(ended), soon())));
    ASSERT_TRUE(wait(writer.write(finish(ended), soon())));
    ASSERT_TRUE(wait(writer.write(progress(going_on), soon())));
    for (int i = 0; i < 100 && told.size() < 2; ++i) wait(rt::sleep_for(5ms, soon()));
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[0].run, ended.run);
    EXPECT_EQ(told[0].status, RunStatus::kSuccess);
    EXPECT_EQ(told[1].run, going_on.run);
    EXPECT_EQ(told[1].status, RunStatus::kRunning);
    wait(writer.close());
}

TEST_F(JournalTest, TheWriterTellsAnAnswerThatSomebodyWaitsFor) {
    std::vector<notices::RunChanged> told;
    JournalWriter writer(loop, pool, [&](const notices::Notice& notice) {
        told.push_back(std::get<notices::RunChanged>(notice));
    });
    auto answer_of = [&](bool is_first_lease, std::string json) {
        auto lease = start_run();
        Entry entry = finish(lease);
        entry.is_first_lease = is_first_lease;
        entry.answer = ValueSlot::output();
        entry.payloads.push_back(sealed(lease, ValueSlot::output(), std::move(json)));
        EXPECT_TRUE(wait(writer.write(std::move(entry), soon())));
        return told.back().answer;
    };
    const auto answer = answer_of(true, R"({"a":1})");
    const auto stored = from_notice(answer.value_or("none"));
    ASSERT_TRUE(stored) << answer.value_or("none");
    auto opened = wait(codec->open(tenant, told.back().run, *stored, soon()));
    EXPECT_EQ(opened.value_or(""), R"({"a":1})");
    EXPECT_EQ(answer_of(false, R"({"a":1})"), "") << "an earlier lease may have answered";

    std::string noise = "\"";
    for (int i = 0; i < 200; ++i) noise += hex(crypto::random_bytes(rng, 32).reveal());
    EXPECT_EQ(answer_of(true, noise + "\""), "") << "too long for a notice";

    auto lease = start_run();
    Entry parked = progress(lease);
    parked.fate = JobFate::kPark;
    EXPECT_TRUE(wait(writer.write(std::move(parked), soon())));
    EXPECT_EQ(told.back().answer, std::nullopt) << "none in it";
    wait(writer.close());
}

TEST(AnswerInANotice, IsReadAsItWasWritten) {
    SystemRng rng;
    StoredPayload payload{
        .slot = ValueSlot::response(),
        .size_bytes = 12,
        .codec = kCodecSealed,
        .key_id = TenantKeyId::make(Instant(1s), rng),
        .data = std::string("\0,:\n", 4),
        .blob = std::nullopt
    };
    const std::string text = notice_text(payload).value();
    EXPECT_EQ(text.find_first_of(":\n"), text.npos);
    const auto read = from_notice(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->slot, payload.slot);
    EXPECT_EQ(read->size_bytes, payload.size_bytes);
    EXPECT_EQ(read->codec, payload.codec);
    EXPECT_EQ(read->key_id, payload.key_id);
    EXPECT_EQ(read->data, payload.data);
    for (std::size_t cut = 0; cut + 6 < text.size(); ++cut)
        EXPECT_FALSE(from_notice(text.substr(0, cut))) << cut;
    EXPECT_FALSE(from_notice(text + ","));
    EXPECT_FALSE(from_notice("response,-1,12," + payload.key_id.text() + ",AA"));
    payload.data.reset();
    EXPECT_FALSE(notice_text(payload)) << "it lies in the blob store";
}

TEST_F(JournalTest, ARowTheDatabaseRefusesHarmsOnlyItsRun) {
    auto first = start_run();
    auto good = start_run();
    auto bad = start_run();
    auto stale = start_run();
    stale.epoch = 9;
    std::map<RunId, RunStatus> told;
    JournalWriter writer(loop, pool, [&](const notices::Notice& notice) {
        const auto& changed = std::get<notices::RunChanged>(notice);
        told[changed.run] = changed.status;
    });
    Entry broken = progress(bad);
    broken.steps[0].error = "not json";
    std::map<RunId, Code> failed;
    auto write = [](JournalWriter& to, Entry entry, std::map<RunId, Code>& out, rt::Deadline by
                 ) -> rt::Task<void> {
        RunId run = entry.lease.run;
        auto written = co_await to.write(std::move(entry), by);
        if (!written) out[run] = written.error().code;
    };
    rt::Scope scope(loop);
    scope.spawn(write(writer, finish(first), failed, soon()));  // alone, the others together
    scope.spawn(write(writer, finish(good), failed, soon()));
    scope.spawn(write(writer, std::move(broken), failed, soon()));
    scope.spawn(write(writer, finish(stale), failed, soon()));
    wait(scope.join());
    EXPECT_EQ(failed.size(), 2u);
    EXPECT_TRUE(failed.contains(bad.run));
    EXPECT_EQ(failed[stale.run], Code::kStale);
    EXPECT_EQ(state(good), "success");
    const std::map<RunId, RunStatus> ends{{first.run, RunStatus::kSuccess}, {good.run, RunStatus::kSuccess}};
    EXPECT_EQ(told, ends);
    EXPECT_EQ(writer.stats().flushes, 2);
    wait(writer.close());
}

TEST_F(JournalTest, ParkPostponeAndCrashGiveTheJobBack) {
    auto lease = start_run();
    database.exec("update weft.job set crashes = 1");
    auto after = [&](JobFate fate) {
        Entry entry = progress(lease);
        entry.fate = fate;
        entry.park_for = 0ms;
        EXPECT_TRUE(flush_now(entry));
        EXPECT_FALSE(flush_now(entry));
        std::string crashes = database.scalar("select crashes from weft.job");
        lease = claim_one();
        return crashes;
    };
    EXPECT_EQ(after(JobFate::kPostpone), "1");
    EXPECT_EQ(after(JobFate::kCrash), "2");
    EXPECT_EQ(after(JobFate::kPark), "0");
    EXPECT_EQ(lease.epoch, 4);
    database.exec("update weft.job set crashes = 2");
    Entry got_on = progress(lease);  // a step has ended
    got_on.has_crashed = true;
    EXPECT_TRUE(flush_now(got_on));
    EXPECT_EQ(database.scalar("select crashes from weft.job"), "0");

    Entry park = progress(lease);
    park.fate = JobFate::kPark;
    park.park_for = 1h;
    EXPECT_TRUE(flush_now(park));
    EXPECT_EQ(database.scalar("select run_at > now() + interval '59 min' from weft.job"), "t");

    database.exec("update weft.job set run_at = now()");
    Entry asked = progress(claim_one());
    asked.fate = JobFate::kPark;
    asked.park_for = 1h;
    database.exec("update weft.job set cancel_requested_at = now(), cancel_reason = 'enough'");
    EXPECT_TRUE(flush_now(asked));
    EXPECT_EQ(database.scalar("select run_at <= clock_timestamp() from weft.job"), "t") << "it does not wait";
}

/// What another session commits while a flush waits for the job's lock is seen by that flush: it neither
/// loses the run (its job would stay with the worker that has left it, until the lease ends) nor lets one
/// that is asked to stop go to sleep.
TEST_F(JournalTest, WhatCommitsWhileAFlushWaitsForTheJobIsSeen) {
    auto flush_behind = [&](const std::string& change, Entry& entry) -> rt::Task<void> {
        pg::Pool other(loop, {.url = database.superuser_url(), .connections_max = 1});
        pg::Batch meanwhile;  // one transaction, and it holds the row for as long as it sleeps
        meanwhile.as(pg::Principal::login()).add({"test.change", change}, {});
        meanwhile.add({"test.hold", "select pg_sleep(1)::text"}, {});
        rt::Scope scope(loop);
        auto hold = [](pg::Pool& from, pg::Batch batch, rt::Deadline by) -> rt::Task<void> {
            auto done = co_await from.run(std::move(batch), by);
            EXPECT_TRUE(done) << done.error().detail;
        };
        scope.spawn(hold(other, std::move(meanwhile), soon()));
        const auto by = soon();
        const std::string asleep =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event = "
            "'PgSleep'";
        while (database.scalar(asleep) != "1" && !by.is_over()) (void)co_await rt::sleep_for(5ms, by);
        std::vector<Entry*> entries{&entry};
        EXPECT_TRUE(co_await flush(pool, std::move(entries), soon()));
        co_await scope.join();
        co_await other.close();
    };
    const std::string heartbeat = "update weft.job set lease_until = now() + interval '1 min'";
    const std::string cancel = "update weft.job set cancel_requested_at = now(), cancel_reason = 'enough'";

    auto lease = start_run();
    Entry park = progress(lease);
    park.fate = JobFate::kPark;
    park.park_for = 1h;
    wait(flush_behind(heartbeat, park));
    EXPECT_EQ(
        database.scalar("select state || (run_at > now() + interval '59 min') from weft.job"), "readytrue"
    );

    database.exec("update weft.job set run_at = now()");
    Entry asked = progress(claim_one());
    asked.fate = JobFate::kPark;
    asked.park_for = 1h;
    wait(flush_behind(cancel, asked));
    EXPECT_EQ(database.scalar("select state || (run_at <= clock_timestamp()) from weft.job"), "readytrue");

    Entry end = finish(claim_one(), RunStatus::kCanceled);
    wait(flush_behind(heartbeat, end));
    EXPECT_EQ(count("job", lease), "0");
    EXPECT_EQ(database.scalar("select cancel_reason from weft.workflow_run"), "enough");
}

/// Only of a run that ended for that: one that succeeded before it was stopped was not canceled by anybody.
TEST_F(JournalTest, ACanceledRunKeepsWhoAskedAndWhy) {
    for (const auto& [state, kept] :
         {std::pair(RunStatus::kCanceled, "Ann: enough"), std::pair(RunStatus::kSuccess, "-: -")}) {
        auto lease = start_run();
        database.exec(
            "update weft.job set cancel_requested_at = now(), cancel_reason = 'enough', canceled_by = "
            "run_id, "
            "canceled_by_name = 'Ann'"
        );
        Entry entry = finish(lease, state);
        EXPECT_TRUE(flush_now(entry));
        EXPECT_EQ(
            database.scalar(
                "select coalesce(canceled_by_name, '-') || ': ' || coalesce(cancel_reason, '-') from "
                "weft.workflow_run where id = $1::uuid and (canceled_by is not null) = (state = 'canceled')",
                {lease.run.text()}
            ),
            kept
        );
    }
}

TEST_F(JournalTest, ALaterClaimLoadsTheJournal) {
    auto lease = start_run();
    database.exec(
        "insert into weft.payload (tenant_id, run_id, slot, size_bytes, codec, key_id, data) values ('" +
        tenant.text() + "', '" + lease.run.text() + "', 'input', 1, 1, '" + tenant.text() + "', 'x')"
    );
    std::vector<queue::Lease> leases{lease};
    auto fresh = wait(load(pool, leases, clock.now(), soon()));
    ASSERT_TRUE(fresh && fresh->size() == 1) << fresh.error().detail;
    EXPECT_EQ(fresh->front().payloads.size(), 1u);
    EXPECT_TRUE(fresh->front().steps.empty());

    Entry entry = progress(lease);
    entry.payloads.push_back(sealed(lease, ValueSlot::input_of("a"), "1"));
    flush_now(entry);
    leases[0].epoch = 2;
    auto again = wait(load(pool, leases, clock.now(), soon()));
    ASSERT_TRUE(again && again->size() == 1) << again.error().detail;
    const Loaded& row = again->front();
    EXPECT_EQ(row.state, RunStatus::kRunning);
    ASSERT_EQ(row.steps.size(), 1u);
    EXPECT_EQ(row.steps[0].step, "a");
    EXPECT_EQ(row.steps[0].attempt, 1);
    ASSERT_EQ(row.waits.size(), 1u);
    EXPECT_EQ(row.waits[0].detail, R"({"until": 5, "attempt": 1})");
    ASSERT_EQ(row.payloads.size(), 2u);  // a step's input is for people only
}

TEST_F(JournalTest, ApiReadsRunsStepsValuesEventsAndLines) {
    auto lease = start_run();
    Entry entry = progress(lease);
    flush_now(entry);
    auto newer = start_run();
    rt::Budget room(loop, 1 << 20);
    Runs runs(api_pool, *codec, room);
    auto listed = wait(runs.list(tenant, {.limit = 1}, soon()));
    ASSERT_TRUE(listed && listed->items.size() == 1) << listed.error().detail;
    EXPECT_EQ(listed->items.front().id, newer.run);
    EXPECT_EQ(listed->items.front().workflow_key, "flow");
    EXPECT_EQ(listed->next, newer.run);
    auto next = wait(runs.list(tenant, {.workflow = workflow.id, .before = newer.run}, soon()));
    ASSERT_TRUE(next && next->items.size() == 1);
    EXPECT_EQ(next->items.front().id, lease.run);
    EXPECT_FALSE(next->next);
    EXPECT_TRUE(wait(runs.list(tenant, {.states = {RunStatus::kFailed}}, soon()))->items.empty());

    auto steps = wait(runs.steps(tenant, lease.run, {}, soon()));
    ASSERT_TRUE(steps && steps->size() == 1);
    EXPECT_TRUE(steps->front().has_output);
    EXPECT_FALSE(steps->front().has_input);
    std::vector slots{ValueSlot::output(), ValueSlot::output_of("a")};
    auto values = wait(runs.values(tenant, lease.run, slots, soon()));
    ASSERT_TRUE(values) << values.error().detail;
    EXPECT_FALSE(values->texts[0]);
    EXPECT_EQ(values->texts[1], R"({"n":1})");
    EXPECT_EQ(wait(runs.events(tenant, lease.run, "a", 0, soon()))->size(), 1u);
    auto lines = wait(runlog::list(api_pool, tenant, lease.run, {}, soon()));
    ASSERT_TRUE(lines && lines->lines.size() == 1);
    EXPECT_EQ(lines->lines.front().message, "hello");
    EXPECT_EQ(lines->lines.front().fields, R"({"n": 7})");

    TenantId stranger = database.create_tenant("Stranger");
    EXPECT_EQ(wait(runs.get(stranger, lease.run, soon())).error().code, Code::kNotFound);
    EXPECT_TRUE(wait(runs.steps(stranger, lease.run, {}, soon()))->empty());
}

TEST_F(JournalTest, OrphansEndAsFailedWithAnEvent) {
    auto lease = start_run();
    auto alive = start_run();
    for (const auto* run : {&lease, &alive}) {
        database.exec(
            "insert into weft.run_wait (tenant_id, run_id, step_id, kind, deadline_at) values ('" +
            tenant.text() + "', '" + run->run.text() + "', 'ask', 'callback', now() + interval '1 day')"
        );
    }
    database.exec("delete from weft.job where run_id = '" + lease.run.text() + "'");
    database.exec(
        "insert into weft.alert_rule (tenant_id, id, name, states, channel, target, sealed_target, group_ms) "
        "values ('" +
        tenant.text() + "', gen_random_uuid(), 'a', '{failed}', 'slack', 'h', '', 0)"
    );
    std::vector<queue::Orphan> orphans{{tenant, lease.run}, {tenant, alive.run}};
    auto ended = wait(fail_orphans(pool, orphans, soon()));
    ASSERT_TRUE(ended) << ended.error().detail;
    EXPECT_EQ(*ended, 1);
    EXPECT_EQ(state(lease), "failed");
    EXPECT_EQ(state(alive), "queued");
    EXPECT_EQ(count("run_event", lease), "1");
    EXPECT_EQ(counted().substr(0, 2), "1 ");
    EXPECT_EQ(
        database.scalar("select run_id || state || (error ->> 'message') from weft.run_end"),
        lease.run.text() + "failedThe run had lost its place in the queue"
    );
    EXPECT_EQ(database.scalar("select run_id from weft.run_wait where state = 'open'"), alive.run.text());
}

TEST_F(JournalTest, PayloadsRoundTripAndBelongToTheirPlace) {
    const TenantId mine = tenant;
    const RunId run = RunId::make(clock.now(), rng);
    std::string noise(200'000, '\0');
    rng.fill(std::as_writable_bytes(std::span(noise)));
    const std::string large = "\"" + hex(noise) + "\"";
    for (const std::string& json : {std::string("{}"), "\"" + std::string(5'000, 'x') + "\"", large}) {
        auto stored = wait(codec->seal(mine, run, ValueSlot::input(), json, soon()));
        ASSERT_TRUE(stored);
        EXPECT_EQ(stored->blob.has_value(), json.size() > limits::kPayloadInlineBytesMax);
        EXPECT_EQ(stored->data.has_value(), !stored->blob.has_value());
        auto opened = wait(codec->open(mine, run, *stored, soon()));
        ASSERT_TRUE(opened) << opened.error().detail;
        EXPECT_EQ(*opened, json);

        StoredPayload moved = *stored;
        moved.slot = ValueSlot::output();
        EXPECT_FALSE(wait(codec->open(mine, run, moved, soon())));
        EXPECT_FALSE(wait(codec->open(mine, RunId::make(clock.now(), rng), *stored, soon())));
    }
    auto big = wait(
        codec->seal(mine, run, ValueSlot::input(), std::string(limits::kPayloadBytesMax + 1, ' '), soon())
    );
    EXPECT_EQ(big.error().code, Code::kLimit);
}

TEST_F(JournalTest, MakesPartitions) {
    auto made = wait(ensure_partitions(pool, soon()));
    EXPECT_TRUE(made) << made.error().detail;
}

}  // namespace
}  // namespace weft::store::runs
