#include "core/calendar/calendar.h"
#include "data/scheduler/scheduler.h"
#include "platform/blob/blob.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/scope.h"
#include "store/runs/journal.h"
#include "store/triggers/schedules.h"
#include "store/triggers/triggers.h"
#include "store/vault/keys.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <random>

namespace weft::scheduler {
namespace {

using rt::Deadline;
namespace rows = store::triggers;

class TempFolder {
  public:
    TempFolder() : path_((std::filesystem::temp_directory_path() / "weft-scheduler-XXXXXX").string()) {
        if (mkdtemp(path_.data()) == nullptr) std::abort();
    }
    ~TempFolder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

Deadline by() {
    return Deadline::in(20s);
}

/// One scheduler and what it needs, as in an api process.
class Place {
  public:
    Place(test::TestDatabase& db, const std::string& folder, const Options& options = {})
        : db_(db),
          wrapper_(std::move(
              *crypto::make_key_wrapper(crypto::read_key_file(folder + "/master.key", rng_).value())
          )),
          blobs_(std::move(*blob::open_directory(folder + "/blobs"))),
          pool_(loop_, {.url = db.api_url(), .options = pg::kPlannedOnce}),
          keys_(pool_, *wrapper_, clock_, store::vault::TenantKeys::Reader::kApi),
          codec_(keys_, *blobs_, clock_, rng_),
          scheduler_(
              {.loop = loop_,
               .pool = pool_,
               .codec = codec_,
               .tell = [this](const store::notices::Notice&) { ++told_; },
               .clock = clock_,
               .rng = rng_,
               .metrics = metrics_,
               .log = telemetry::Logger(),
               .may_start = [this](TenantId) -> Result<void> {
                   if (room_ && room_for_-- <= 0) return fail(Error::limit("No room"));
                   return room_;
               },
               .options = options}
          ) {}
    ~Place() {
        loop_.run_until_done(scheduler_.close());
        loop_.run_until_done(pool_.close());
    }

    template <class T>
    T wait(rt::Task<T> task) {
        return loop_.run_until_done(std::move(task));
    }
    TenantId tenant() {
        auto id = db_.create_tenant();
        pg::Batch batch;
        batch.as(pg::Principal::system(pg::SystemRole::kAuth));
        auto key = wait(
            store::vault::make_symmetric_key(id, store::vault::KeyClass::kData, *wrapper_, clock_, rng_, by())
        );
        store::vault::add_key(batch, key.value());
        EXPECT_TRUE(wait(pool_.run(std::move(batch), by())));
        EXPECT_TRUE(wait(store::runs::ensure_partitions(pool_, by())));
        return id;
    }
    TriggerId schedule(TenantId tenant, WorkflowId workflow, std::string_view config) {
        const store::Db db(pool_, tenant);
        rows::NewTrigger row{
            .tenant = tenant,
            .id = TriggerId::make(clock_.now(), rng_),
            .workflow_id = workflow,
            .kind = rows::Kind::kSchedule,
            .name = "schedule",
            .config = parse_json(config).value(),
        };
        const TriggerId id = row.id;
        EXPECT_TRUE(wait(rows::add(db, std::move(row), by())));
        EXPECT_TRUE(wait(rows::set_state(db, id, rows::State::kActive, by())));
        EXPECT_TRUE(wait(rows::plan_schedule(db, id, rows::Fires::kYes, by())));
        return id;
    }
    int tick() {
        auto done = wait(scheduler_.tick());
        EXPECT_TRUE(done) << done.error().user << " " << done.error().detail;
        return done.value_or(-1);
    }

    test::TestDatabase& db_;
    rt::Loop loop_;
    rt::SystemClock clock_;
    SystemRng rng_;
    telemetry::Metrics metrics_;
    std::unique_ptr<crypto::KeyWrapper> wrapper_;
    std::unique_ptr<blob::Store> blobs_;
    pg::Pool pool_;
    store::vault::TenantKeys keys_;
    store::runs::PayloadCodec codec_;
    Result<void> room_;
    int room_for_ = 1'000'000;  // so many times it is asked
    int told_ = 0;
    Scheduler scheduler_;
};

class SchedulerTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { ASSERT_TRUE(crypto::init()); }
    std::string count(const std::string& what) { return db_.scalar("select count(*) from weft." + what); }
    /// As if so much time had passed: the schedule has been settled, and due, since then.
    void wind_back(TriggerId id, const std::string& by_how_much) {
        db_.exec(
            "update weft.trigger_schedule set settled_at = now() - interval '" + by_how_much +
            "', due_at = now() where trigger_id = '" + id.text() + "'"
        );
    }
    std::string of(TriggerId id, const std::string& what) {
        return db_.scalar(
            "select (" + what + ")::text from weft.trigger_schedule where trigger_id = $1::uuid", {id.text()}
        );
    }

    TempFolder folder_;
    test::TestDatabase db_;
};

TEST_F(SchedulerTest, PlansAndFires) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    const auto id = place.schedule(
        tenant, workflow.id, R"({"cron": "* * * * *", "zone": "Europe/Madrid", "input": {"a": 1}})"
    );
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "0");
    EXPECT_EQ(
        of(id, "next_slot_at = due_at and due_at > now() and due_at <= now() + interval '1 minute'"), "true"
    );
    EXPECT_EQ(of(id, "tzdata"), std::string(calendar::tzdata_version()));
    EXPECT_EQ(place.tick(), 0);

    wind_back(id, "1 minute");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "1");
    EXPECT_EQ(count("job"), "1");
    EXPECT_EQ(
        db_.scalar("select dedupe_key from weft.trigger_event"),
        db_.scalar("select to_char(date_trunc('minute', last_slot_at at time zone 'UTC'), "
                   "'YYYY-MM-DD\"T\"HH24:MI:SS.000Z') "
                   "from weft.trigger_schedule")
    );
    EXPECT_EQ(of(id, "fired || ' ' || missed || ' ' || skipped"), "1 0 0");
    EXPECT_EQ(db_.scalar("select active::text from weft.tenant_queue"), "true");
    EXPECT_EQ(place.told_, 2);  // the run, and that there is a job

    store::runs::StoredPayload payload;
    rt::Budget values(place.loop_, 1 << 20);
    store::runs::Runs runs(place.pool_, place.codec_, values);
    const auto run = RunId::parse(db_.scalar("select id::text from weft.workflow_run")).value();
    std::vector slots{store::runs::ValueSlot::input(), store::runs::ValueSlot::trigger()};
    auto found = place.wait(runs.values(tenant, run, std::move(slots), by()));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->texts[0], R"({"a":1})");
    const Json trigger = parse_json(*found->texts[1]).value();
    EXPECT_EQ(text_or(trigger.get_object(), "kind"), "schedule");
    EXPECT_EQ(text_or(trigger.get_object(), "zone"), "Europe/Madrid");
    EXPECT_TRUE(text_or(trigger.get_object(), "scheduled_for").ends_with(":00.000Z"));
}

TEST_F(SchedulerTest, ASlotFiresOnceWhoeverRepeatsIt) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto id =
        place.schedule(tenant, db_.create_workflow(tenant, "flow").id, R"({"cron": "* * * * *"})");
    for (int i = 0; i < 3; ++i) {
        wind_back(id, "1 minute");
        EXPECT_EQ(place.tick(), 1);
    }
    EXPECT_LE(std::stoi(count("workflow_run")), 2);  // a minute may begin meanwhile
    EXPECT_EQ(count("workflow_run"), count("trigger_event"));
}

TEST_F(SchedulerTest, WhatIsSwitchedOffFiresNotAndIsNotMadeUpFor) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    const auto id = place.schedule(tenant, workflow.id, R"({"cron": "* * * * *", "catch_up": "all"})");
    for (const std::string state : {"inactive", "archived"}) {
        db_.exec("update weft.workflow set state = '" + state + "'");
        wind_back(id, "10 minutes");
        EXPECT_EQ(place.tick(), 1);
        EXPECT_EQ(of(id, "due_at is null"), "true");
    }
    db_.exec("update weft.workflow set state = 'active'");
    EXPECT_TRUE(place.wait(rows::plan_schedules_of_workflow(store::Db(place.pool_, tenant), workflow.id, by())
    ));
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "0");
    EXPECT_EQ(of(id, "due_at > now()"), "true");
    // What was live stays as it is.
    wind_back(id, "1 minute");
    EXPECT_TRUE(place.wait(rows::plan_schedules_of_workflow(store::Db(place.pool_, tenant), workflow.id, by())
    ));
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "1");
}

TEST_F(SchedulerTest, SwitchedOnWhileASchedulerSeesItOffItFires) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    db_.exec("update weft.workflow set state = 'inactive'");
    const auto id = place.schedule(tenant, workflow.id, R"({"cron": "* * * * *"})");
    auto claim = place.wait(rows::claim_schedules(place.pool_, 10, "2026a", by()));
    ASSERT_TRUE(claim);
    ASSERT_EQ(claim->due.size(), 1u);
    ASSERT_FALSE(claim->due[0].is_live);

    db_.exec("update weft.workflow set state = 'active'");
    rt::Scope scope(place.loop_);
    bool is_planned = false;
    const auto plan = [&]() -> rt::Task<void> {
        auto done =
            co_await rows::plan_schedules_of_workflow(store::Db(place.pool_, tenant), workflow.id, by());
        is_planned = done.has_value();
    };
    scope.spawn(plan());
    (void)place.wait(rt::sleep_for(200ms, by()));
    EXPECT_FALSE(is_planned) << "it waits for who has claimed the row";
    std::vector settled{rows::Settled{.tenant = tenant, .trigger = id, .settled_at = claim->due[0].settled_at}
    };
    EXPECT_TRUE(place.wait(rows::settle_schedules(*std::move(claim), std::move(settled), {}, "2026a", by())));
    for (int i = 0; i < 50 && !is_planned; ++i) (void)place.wait(rt::sleep_for(50ms, by()));
    EXPECT_TRUE(is_planned);
    EXPECT_EQ(of(id, "due_at is not null"), "true");
    place.wait(scope.close());
}

TEST_F(SchedulerTest, CatchesUpByItsPolicy) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    const auto fired = [&](std::string_view policy) {
        const auto id = place.schedule(
            tenant, workflow.id, R"({"cron": "*/5 * * * *", "catch_up": ")" + std::string(policy) + R"("})"
        );
        db_.exec(
            "update weft.trigger_schedule set settled_at = date_trunc('hour', now()) - interval '31 "
            "minutes', due_at = now() "
            "where trigger_id = '" +
            id.text() + "'"
        );
        EXPECT_EQ(place.tick(), 1);
        EXPECT_EQ(
            db_.scalar(
                "select coalesce(sum(events), 0) from weft.trigger_miss where reason = 'missed' and "
                "trigger_id = $1::uuid",
                {id.text()}
            ),
            of(id, "missed")
        ) << "the history has them";
        return std::stoi(of(id, "fired")) * 1'000 + std::stoi(of(id, "missed"));
    };
    const int all = fired("all");
    EXPECT_GE(all, 7'000);
    EXPECT_EQ(fired("last"), 1'000 + (all / 1'000 + all % 1'000) - 1);
    EXPECT_LE(fired("skip"), 1'000 + (all / 1'000));
}

TEST_F(SchedulerTest, ARunThatGoesOnHoldsTheNextOneBack) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    const auto id = place.schedule(tenant, workflow.id, R"({"cron": "* * * * *", "overlap": "queue"})");
    wind_back(id, "1 minute");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "1");
    // Its job is there: the next slot waits.
    db_.exec("delete from weft.trigger_event");
    wind_back(id, "1 minute");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(of(id, "waiting_slot_at is not null and due_at < now() + interval '31 seconds'"), "true");
    EXPECT_EQ(count("workflow_run"), "1");
    db_.exec("delete from weft.job; update weft.trigger_schedule set due_at = now()");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(of(id, "waiting_slot_at is null"), "true");
    EXPECT_EQ(count("workflow_run"), "2");
}

TEST_F(SchedulerTest, WithoutRoomItWaitsAndSaysSo) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto id =
        place.schedule(tenant, db_.create_workflow(tenant, "flow").id, R"({"cron": "* * * * *"})");
    place.room_ = fail(Error::limit("Too many runs of this tenant are waiting; try again later"));
    wind_back(id, "1 minute");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "0");
    EXPECT_EQ(of(id, "problem"), "Too many runs of this tenant are waiting; try again later");
    place.room_ = {};
    db_.exec("update weft.trigger_schedule set due_at = now()");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "1");
    EXPECT_EQ(of(id, "problem is null"), "true");
}

/// Of every second, ten of them: all are missed, and made up for.
constexpr std::string_view kTen = R"({"cron": "0-9 0 0 * * *", "catch_up": "all", "catch_up_within": "2d"})";

TEST_F(SchedulerTest, ATurnBeginsSoManyRunsAndLeavesTheOthersDue) {
    Place place(db_, folder_.path(), {.runs_max = 4});
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    for (int i = 0; i < 2; ++i) {
        const auto id = place.schedule(tenant, workflow.id, kTen);
        db_.exec(
            "update weft.trigger_schedule set settled_at = date_trunc('day', now() at time zone 'UTC') at "
            "time "
            "zone 'UTC' - interval '1 second', due_at = now() where trigger_id = '" +
            id.text() + "'"
        );
    }
    for (const std::string runs : {"4", "8", "12", "16", "20"}) {
        EXPECT_GT(place.tick(), 0);
        EXPECT_EQ(count("workflow_run"), runs);
        EXPECT_EQ(count("trigger_schedule where fired > 0 and settled_at < last_slot_at"), "0");
        const std::string due = count("trigger_schedule where due_at <= now()");
        EXPECT_EQ(due == "0", runs == "20") << due;
    }
    EXPECT_EQ(count("trigger_schedule where fired = 10 and missed = 0 and problem is null"), "2");
    EXPECT_EQ(db_.scalar("select count(distinct (trigger_id, dedupe_key)) from weft.trigger_event"), "20");
}

TEST_F(SchedulerTest, ATurnHasSoManyBytes) {
    Place place(db_, folder_.path(), {.bytes_max = 1});
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    for (int i = 0; i < 3; ++i)
        wind_back(place.schedule(tenant, workflow.id, R"({"cron": "* * * * *"})"), "1 minute");
    for (const std::string runs : {"1", "2", "3"}) {
        EXPECT_GT(place.tick(), 0);
        EXPECT_EQ(count("workflow_run"), runs);
    }
}

TEST_F(SchedulerTest, ATurnThatTakesTooLongHalvesTheNextOne) {
    Place place(db_, folder_.path(), {.batch_max = 4, .timeout = 1s});
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    for (int i = 0; i < 4; ++i)
        wind_back(
            place.schedule(tenant, workflow.id, R"({"cron": "0 * * * *", "catch_up": "all"})"), "1 hour"
        );
    db_.exec(
        "create function weft.be_slow() returns trigger language plpgsql as $$ begin perform "
        "pg_sleep(0.4); return new; end $$;"
        "create trigger be_slow before insert on weft.trigger_event for each row execute function "
        "weft.be_slow();"
        "grant execute on function weft.be_slow() to public"
    );
    const auto first = place.wait(place.scheduler_.tick());
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code, Code::kTimeout) << first.error().detail;
    for (int i = 0; i < 40 && count("workflow_run") != "4"; ++i) {
        (void)place.wait(place.scheduler_.tick());
        (void)place.wait(rt::sleep_for(50ms, by()));  // the server ends what was given up
    }
    EXPECT_EQ(count("workflow_run"), "4");
}

TEST_F(SchedulerTest, RoomIsAskedForBeforeEachRunAndRarerWhileThereIsNone) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto id = place.schedule(tenant, db_.create_workflow(tenant, "flow").id, kTen);
    db_.exec(
        "update weft.trigger_schedule set settled_at = date_trunc('day', now() at time zone 'UTC') at time "
        "zone "
        "'UTC' - interval '1 second', due_at = now()"
    );
    place.room_for_ = 3;
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(count("workflow_run"), "3");
    EXPECT_EQ(of(id, "fired || ' ' || problem"), "3 No room");
    EXPECT_EQ(
        of(id, "settled_at = last_slot_at and next_slot_at = last_slot_at + interval '1 second'"), "true"
    );
    EXPECT_EQ(of(id, "due_at > now() and due_at < now() + interval '6 seconds'"), "true");
    db_.exec("update weft.trigger_schedule set due_at = now(), next_slot_at = now() - interval '2 minutes'");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(of(id, "due_at > now() + interval '25 seconds'"), "true");
    place.room_for_ = 100;
    db_.exec("update weft.trigger_schedule set due_at = now()");
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(of(id, "fired || ' ' || missed"), "10 0");
    EXPECT_EQ(of(id, "problem is null"), "true");
}

TEST_F(SchedulerTest, OneThatCannotFireKeepsNobodyElseFromIt) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto workflow = db_.create_workflow(tenant, "flow");
    const auto broken = place.schedule(tenant, workflow.id, R"({"cron": "nonsense"})");
    const auto poison = place.schedule(tenant, workflow.id, R"({"cron": "* * * * *"})");
    const auto good = place.schedule(tenant, workflow.id, R"({"cron": "* * * * *"})");
    db_.exec(
        "create function weft.refuse() returns trigger language plpgsql as $$ begin if new.trigger_id = '" +
        poison.text() +
        "' then raise 'no'; end if; return new; end $$;"
        "create trigger refuse before insert on weft.trigger_event for each row execute function "
        "weft.refuse();"
        "grant execute on function weft.refuse() to public"
    );
    for (const auto id : {broken, poison, good}) wind_back(id, "1 minute");
    for (int i = 0; i < 6; ++i) (void)place.wait(place.scheduler_.tick());
    EXPECT_EQ(of(good, "fired"), "1");
    EXPECT_EQ(of(poison, "problem is not null and due_at > now()"), "true");
    EXPECT_EQ(of(broken, "problem is not null and due_at is null"), "true");
}

TEST_F(SchedulerTest, PlansAnewForOtherZones) {
    Place place(db_, folder_.path());
    const auto tenant = place.tenant();
    const auto id =
        place.schedule(tenant, db_.create_workflow(tenant, "flow").id, R"({"cron": "0 9 1 1 *"})");
    EXPECT_EQ(place.tick(), 1);
    db_.exec(
        "update weft.trigger_schedule set tzdata = '1999a', next_slot_at = now() + interval '10 days', "
        "due_at = now() + interval '10 days'"
    );
    const auto replan = [&] {
        const std::string zones(calendar::tzdata_version());
        auto last = place.wait(rows::replan_schedules(place.pool_, zones, {}, by()));
        EXPECT_TRUE(last);
        return last && *last;
    };
    EXPECT_TRUE(replan());
    EXPECT_FALSE(replan()) << "they are due";
    EXPECT_EQ(place.tick(), 1);
    EXPECT_EQ(
        of(id, "extract(month from next_slot_at at time zone 'UTC') = 1 and next_slot_at = due_at"), "true"
    );
    // What newer zones have planned is theirs, while there are any.
    db_.exec("update weft.trigger_schedule set tzdata = '2999a', due_at = now() + interval '10 days'");
    EXPECT_FALSE(replan());
    db_.exec("update weft.trigger_schedule set due_at = now()");
    EXPECT_EQ(place.tick(), 0);
    db_.exec("update weft.trigger_schedule set due_at = now() - interval '61 seconds'");
    EXPECT_EQ(place.tick(), 1);
}

// ---- many of them, killed and paused

/// A scheduler in a process of its own.
pid_t spawn_scheduler(test::TestDatabase& db, const std::string& folder) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    {
        Place place(db, folder);
        place.scheduler_.start();
        auto forever = [](rt::Loop&) -> rt::Task<void> {
            (void)co_await rt::sleep_for(1h, Deadline::in(1h));
        };
        place.wait(forever(place.loop_));
    }
    ::_exit(0);
}

TEST_F(SchedulerTest, EightOfThemKilledAndPausedFireEachSlotOnce) {
    constexpr int kSchedulers = 8;
    constexpr int kSchedules = 40;
    {
        Place place(db_, folder_.path());
        const auto tenant = place.tenant();
        const auto workflow = db_.create_workflow(tenant, "flow");
        for (int i = 0; i < kSchedules; ++i)
            place.schedule(tenant, workflow.id, R"({"cron": "* * * * * *", "catch_up": "all"})");
    }
    std::mt19937 random(3);
    std::vector<pid_t> schedulers;
    for (int i = 0; i < kSchedulers; ++i) schedulers.push_back(spawn_scheduler(db_, folder_.path()));
    const rt::SystemClock clock;
    const auto end = clock.steady() + 12s;
    int kills = 0;
    int stops = 0;
    while (clock.steady() < end) {
        ::usleep(static_cast<useconds_t>(50'000 + random() % 150'000));
        pid_t& one = schedulers[random() % schedulers.size()];
        if (random() % 2 == 0) {
            ++kills;
            ::kill(one, SIGKILL);
            ::waitpid(one, nullptr, 0);
            one = spawn_scheduler(db_, folder_.path());
        } else {
            ++stops;
            ::kill(one, SIGSTOP);
            ::usleep(100'000);
            ::kill(one, SIGCONT);
        }
    }
    ::usleep(1'500'000);  // what a killed one has left behind is somebody else's now
    for (const pid_t one : schedulers) {
        ::kill(one, SIGKILL);
        ::waitpid(one, nullptr, 0);
    }
    const std::string gaps =
        "select coalesce(sum(s.missing), 0) from (select extract(epoch from max(e.dedupe_key::timestamptz) - "
        "min(e.dedupe_key::timestamptz))::int + 1 - count(distinct e.dedupe_key) as missing from "
        "weft.trigger_event e group by "
        "e.trigger_id) s";
    const std::string twice =
        "select count(*) - count(distinct (e.trigger_id, e.dedupe_key)) from weft.workflow_run r "
        "left join weft.trigger_event e on e.run_id = r.id";
    std::printf(
        "%d kills, %d pauses: %s fires of %s schedules\n",
        kills,
        stops,
        count("workflow_run").c_str(),
        count("trigger_schedule where fired > 0").c_str()
    );
    EXPECT_GE(std::stoi(count("workflow_run")), kSchedules * 10);
    EXPECT_EQ(db_.scalar(gaps), "0");
    EXPECT_EQ(db_.scalar(twice), "0");
    EXPECT_EQ(count("workflow_run"), db_.scalar("select sum(fired) from weft.trigger_schedule"));
}

}  // namespace
}  // namespace weft::scheduler
