// What the database must look like so that a tenant is kept in twice (docs: invariants 6 and 7). Each rule is
// a query that lists offenders; each has a negative control that breaks the schema and expects to be caught.
#include "base/json.h"
#include "base/random.h"
#include "platform/pg/migrate.h"
#include "platform/rt/clock.h"
#include "support/pg.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace weft {
namespace {

struct Rule {
    const char* name;
    const char* offenders;  // answers one text column
};

// Exceptions are named here, one by one, with their reason.
const Rule kRules[] = {
    {"every table and partition has row security, enabled and forced",
     "select c.relname from pg_class c where c.relnamespace = 'weft'::regnamespace and c.relkind in ('r', "
     "'p') "
     "and not (c.relrowsecurity and c.relforcerowsecurity)"},
    {"every tenant table has the tenant policy, for both logins and all commands",
     "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' "
     "where c.relnamespace = 'weft'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition "
     "and not exists (select from pg_policies p where p.schemaname = 'weft' and p.tablename = c.relname "
     "and p.policyname = 'tenant_isolation' and p.cmd = 'ALL' and p.permissive = 'PERMISSIVE' "
     "and p.roles::text[] @> '{weft_api,weft_worker}' and array_length(p.roles, 1) = 2 "
     "and replace(p.qual, 'weft.', '') = '(tenant_id = current_tenant())' "
     "and replace(p.with_check, 'weft.', '') = '(tenant_id = current_tenant())')"},
    {"no other policy opens a table to a login role",
     "select p.tablename || '.' || p.policyname from pg_policies p where p.schemaname = 'weft' "
     "and p.policyname <> 'tenant_isolation' and p.roles::text[] && '{weft_api,weft_worker,public}' "
     // Whom an approval's addresses mean: people who are members of the tenant, never their password.
     "and not (p.policyname = 'of_members' and p.tablename = 'app_user' and p.cmd = 'SELECT' "
     "and p.roles = '{weft_api}' and replace(p.qual, 'weft.', '') like '%FROM membership m%' "
     "and replace(p.qual, 'weft.', '') like '%((m.tenant_id = current_tenant()) AND (m.user_id = "
     "app_user.id))%')"},
    // A system role sees across tenants; what it may touch is decided here a second time.
    {"system roles have policies on the reviewed tables only",
     "select p.policyname || ' on ' || p.tablename from pg_policies p where p.schemaname = 'weft' "
     "and p.policyname <> 'tenant_isolation' and (p.policyname, p.tablename) not in ("
     "('weft_auth', 'tenant'), ('weft_auth', 'app_user'), ('weft_auth', 'membership'), ('weft_auth', "
     "'session'), "
     "('weft_auth', 'api_token'), ('weft_auth', 'claim_link'), ('weft_auth', 'tenant_key'), "
     "('weft_auth', 'tenant_queue'), ('weft_ingest', 'trigger'), ('weft_ingest', 'workflow'), "
     "('weft_ingest', 'tenant_key'), ('weft_ingest', 'workflow_run'), ('weft_ingest', 'payload'), "
     "('weft_ingest', 'job'), ('weft_ingest', 'trigger_event'), ('weft_ingest', 'tenant_queue'), "
     "('weft_ingest', 'trigger_schedule'), ('weft_ingest', 'run_wait'), ('weft_dispatch', 'run_wait'), "
     "('weft_ingest', 'flow_gate'), ('weft_dispatch', 'flow_gate'), "
     "('weft_ingest', 'workflow_pause'), ('weft_dispatch', 'workflow_pause'), ('weft_dispatch', 'workflow'), "
     "('weft_ingest', 'trigger_poll'), ('weft_ingest', 'polled_item'), ('weft_ingest', 'refused_delivery'), "
     "('weft_ingest', 'trigger_miss'), "
     "('weft_ingest', 'run_end'), ('weft_ingest', 'alert_rule'), ('weft_ingest', 'alert'), "
     "('weft_ingest', 'trigger_sample'), ('weft_dispatch', 'trigger_sample'), "
     "('weft_dispatch', 'kept_event'), ('weft_dispatch', 'file'), ('weft_dispatch', 'file_use'), "
     "('weft_dispatch', 'file_space'), ('weft_dispatch', 'test_version'), ('weft_dispatch', 'usage_part'), "
     "('weft_dispatch', 'job'), ('weft_dispatch', 'tenant_queue'), ('weft_dispatch', 'tenant'), "
     "('weft_dispatch', 'tenant_key'), ('weft_dispatch', 'workflow_run'), "
     "('weft_dispatch', 'trigger_event'), ('weft_dispatch', 'idempotency_key'), "
     "('weft_dispatch', 'dead_letter'), ('weft_dispatch', 'session'), ('weft_dispatch', 'claim_link'), "
     "('of_members', 'app_user')) "
     // The owner's: maintenance moves rows of these partitions; no process is the owner.
     "and not (p.policyname = 'maintenance' and p.tablename similar to '%\\_(default|kept)' and p.roles = "
     "'{weft_owner}')"},
    // Exceptions: hashes of 256 random bits, by which a caller is found before the tenant is known.
    {"every key of a tenant table begins with the tenant",
     "select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid "
     "join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' "
     "where c.relnamespace = 'weft'::regnamespace and i.indisunique and i.indkey[0] <> t.attnum "
     "and i.indexrelid::regclass::text not in ('session_token_hash_key', "
     "'api_token_token_hash_key', "
     "'trigger_token_hash_key', 'run_wait_token_hash_key')"},
    {"every foreign key between tenant tables carries the tenant on both sides",
     "select k.conrelid::regclass || '.' || k.conname from pg_constraint k "
     "join pg_attribute a on a.attrelid = k.conrelid and a.attname = 'tenant_id' "
     "join pg_attribute b on b.attrelid = k.confrelid and b.attname = 'tenant_id' "
     "where k.contype = 'f' and k.connamespace = 'weft'::regnamespace "
     "and not (k.conkey[1] = a.attnum and k.confkey[1] = b.attnum)"},
    {"no process's role owns anything, is mighty, or inherits a system role",
     "select r.rolname::text from pg_roles r where r.rolname in "
     "('weft_api', 'weft_worker', 'weft_auth', 'weft_ingest', 'weft_dispatch', 'weft_owner') and ("
     "r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication "
     "or (r.rolcanlogin and (r.rolinherit or r.rolname not in ('weft_api', 'weft_worker'))) "
     "or (r.rolname <> 'weft_owner' and exists (select from pg_shdepend d where d.refclassid = "
     "'pg_authid'::regclass "
     "and d.refobjid = r.oid and d.deptype = 'o')))"},
    {"roles are members of the reviewed roles only",
     "select g.roleid::regrole || ' to ' || g.member::regrole from pg_auth_members g "
     "join pg_roles m on m.oid = g.member where m.rolname like 'weft\\_%' and m.rolname not like "
     "'weft\\_test%' "
     "and (g.roleid::regrole::text, m.rolname::text) not in "
     "(('weft_auth', 'weft_api'), ('weft_ingest', 'weft_api'), ('weft_dispatch', 'weft_worker'), "
     "('weft_ingest', 'weft_worker'))"},
    {"nothing is granted on a partition, and nothing to everybody",
     "select c.relname || ' to ' || a.grantee::regrole from pg_class c, aclexplode(c.relacl) a "
     "where c.relnamespace = 'weft'::regnamespace and a.grantee <> c.relowner and (c.relispartition or "
     "a.grantee = 0)"},
    {"no function can be called by everybody",
     "select p.proname::text from pg_proc p where p.pronamespace = 'weft'::regnamespace "
     "and has_function_privilege('public', p.oid, 'execute')"},
    {"security definer functions are the reviewed ones, with a pinned search path",
     "select p.proname::text from pg_proc p where p.pronamespace = 'weft'::regnamespace and p.prosecdef and "
     "not ("
     "p.proname in ('ensure_partitions', 'retire_day', 'kept_runs', 'forget_kept', 'kept_blobs') and "
     "p.proconfig::text like '%search_path=weft, pg_temp%')"},
    {"views obey the caller's row security; there is no materialised one",
     "select c.relname from pg_class c where c.relnamespace = 'weft'::regnamespace and (c.relkind = 'm' or "
     "(c.relkind = 'v' and not coalesce(c.reloptions::text like '%security_invoker=true%', false)))"},
    {"the api cannot read a credential or a wrapped vault key",
     "select t.what from (values ('connection', 'sealed'), ('alert_rule', 'sealed_target'), "
     "('alert_secret', 'sealed'), ('tenant_key', 'wrapped_key'), "
     "('app_user', 'password_hash')) as t (what, col) "
     "where has_column_privilege('weft_api', 'weft.' || t.what, t.col, 'select') "
     "union all select r.role || ' connection' from (values ('weft_auth'), ('weft_ingest'), "
     "('weft_dispatch')) as r (role) "
     "where has_any_column_privilege(r.role, 'weft.connection', 'select') "
     "union all select r.role || ' wrapped_key' from (values ('weft_auth'), ('weft_dispatch')) as r (role) "
     "where has_column_privilege(r.role, 'weft.tenant_key', 'wrapped_key', 'select') "
     "union all select 'weft_ingest sees vault keys' where not exists (select from pg_policies p "
     "where p.schemaname = 'weft' and p.tablename = 'tenant_key' and p.policyname = 'weft_ingest' "
     "and p.qual like '%class = ANY (ARRAY[''ingress''::text, ''data''::text])%')"},
    {"history is append-only",
     "select t.name || ' ' || r.role || ' ' || p.what from (values ('audit_event'), ('workflow_version')) as "
     "t (name), "
     "(values ('weft_api'), ('weft_worker'), ('weft_auth'), ('weft_ingest'), ('weft_dispatch')) as r (role), "
     "(values ('update'), ('delete'), ('truncate')) as p (what) "
     "where has_table_privilege(r.role, 'weft.' || t.name, p.what)"},
    {"no login may truncate, reference or put triggers on a table",
     "select c.relname || ' to ' || a.grantee::regrole from pg_class c, aclexplode(c.relacl) a "
     "where c.relnamespace = 'weft'::regnamespace and a.grantee <> c.relowner "
     "and a.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER')"},
};

/// A superuser's session on a migrated database.
class Session {
  public:
    explicit Session(const std::string& url) : connection_(PQconnectdb(url.c_str()), &PQfinish) {
        PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
        EXPECT_EQ(run("set search_path = weft"), "");
    }
    /// The error, or "".
    std::string run(const std::string& sql) {
        Answer answer(PQexec(connection_.get(), sql.c_str()), &PQclear);
        auto status = PQresultStatus(answer.get());
        bool is_ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
        return is_ok ? std::string() : std::string(PQerrorMessage(connection_.get()));
    }
    std::string value(const std::string& sql) {
        Answer answer(PQexec(connection_.get(), sql.c_str()), &PQclear);
        EXPECT_EQ(PQresultStatus(answer.get()), PGRES_TUPLES_OK) << PQerrorMessage(connection_.get());
        return PQntuples(answer.get()) == 1 ? PQgetvalue(answer.get(), 0, 0) : "";
    }
    std::vector<std::string> lint() {
        std::vector<std::string> problems;
        for (const Rule& rule : kRules) {
            auto offenders = value(
                std::string("select string_agg(o.offender, ', ') from (") + rule.offenders +
                ") as o (offender)"
            );
            if (!offenders.empty()) problems.push_back(std::string(rule.name) + ": " + offenders);
        }
        return problems;
    }

  private:
    using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

const std::vector<std::string> kClean;

TEST(Catalog, KeepsTenantsApart) {
    test::TestDatabase db;
    EXPECT_EQ(Session(db.superuser_url()).lint(), kClean);
}

/// Negative control of each rule.
TEST(Catalog, CatchesWhatIsOpenedOrForgotten) {
    const char* changes[] = {
        "alter table job no force row level security",
        "alter table payload disable row level security",
        "drop policy tenant_isolation on step_run",
        "alter policy tenant_isolation on app using (tenant_id = nullif(current_setting('app.tenant_id', "
        "true), '')::uuid)",
        "create policy everything on app to weft_api using (true)",
        "alter policy of_members on app_user using (true)",
        "grant select on app_user to weft_api",
        "create policy weft_dispatch on payload to weft_dispatch using (true)",
        "create unique index on app (key)",
        "alter table workflow add other uuid, add foreign key (published_version_id) references tenant (id), "
        "add unique (tenant_id, other), drop constraint workflow_tenant_id_published_version_id_fkey, "
        "add foreign key (published_version_id, tenant_id) references workflow_version (id, tenant_id)",
        "alter table claim_link owner to weft_api",
        "do $$ begin execute format('grant select on %s to weft_api', "
        "(select min(inhrelid::regclass::text) from pg_inherits where inhparent = 'job'::regclass or "
        "inhparent = 'payload'::regclass)); end $$",
        "grant select on app to public",
        "create function leak() returns bigint language sql security definer return (select count(*) from "
        "job); "
        "revoke all on function leak() from public",
        "create view everything as select * from job",
        "create materialized view everything as select * from job",
        "grant select (sealed) on connection to weft_api",
        "grant select on tenant_key to weft_api",
        "alter policy weft_ingest on tenant_key using (true)",
        "grant delete on audit_event to weft_api",
        "grant truncate on job to weft_worker"
    };
    test::TestDatabase db;
    Session session(db.superuser_url());
    for (const char* change : changes) {
        ASSERT_EQ(session.run("begin"), "");
        ASSERT_EQ(session.run(change), "") << change;
        EXPECT_FALSE(session.lint().empty()) << change;
        ASSERT_EQ(session.run("rollback"), "");
    }
    EXPECT_EQ(session.lint(), kClean);
}

/// Roles belong to the whole server: these break one of their own.
TEST(Catalog, CatchesMightyRoles) {
    test::Cluster cluster;
    test::TestDatabase db(cluster);
    Session session(db.superuser_url());
    ASSERT_EQ(session.lint(), kClean);
    for (std::string change :
         {"alter role weft_api bypassrls|alter role weft_api nobypassrls",
          "alter role weft_worker superuser|alter role weft_worker nosuperuser",
          "alter role weft_api inherit|alter role weft_api noinherit",
          "grant weft_dispatch to weft_api|revoke weft_dispatch from weft_api",
          "grant weft_owner to weft_worker|revoke weft_owner from weft_worker",
          "alter role weft_auth login|alter role weft_auth nologin"}) {
        auto bar = change.find('|');
        ASSERT_EQ(session.run(change.substr(0, bar)), "");
        EXPECT_FALSE(session.lint().empty()) << change;
        ASSERT_EQ(session.run(change.substr(bar + 1)), "");
    }
    EXPECT_EQ(session.lint(), kClean);
}

/// One row in every tenant table that a login may read, then: no tenant is an error, another tenant sees
/// nothing.
TEST(Catalog, NoTenantIsAnErrorNotAnEmptyAnswer) {
    test::TestDatabase db;
    auto tenant = db.create_tenant();
    db.create_user(tenant);
    db.create_workflow(tenant, "flow");
    for (const auto& url : {db.api_url(), db.worker_url()}) {
        for (const char* table : {"tenant", "workflow", "workflow_version"}) {
            std::string read = std::string("select count(*) from ") + table;
            EXPECT_NE(db.sqlstate_of(url, read), "00000") << table;
            std::string other =
                "begin; select set_config('app.tenant_id', gen_random_uuid()::text, true); do $$ begin "
                "if (" +
                read + ") <> 0 then raise 'visible'; end if; end $$";
            EXPECT_EQ(db.sqlstate_of(url, other), "00000") << table;
        }
    }
}

// ---- every statement of every store module fits the schema, and some process may run it ----

struct Statement {
    std::string name;
    std::string text;
};

std::vector<Statement> statements() {
    std::vector<Statement> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(WEFT_STORE_FOLDER)) {
        if (entry.path().extension() != ".sql") continue;
        std::ifstream file(entry.path());
        std::stringstream text;
        text << file.rdbuf();
        out.push_back(
            {entry.path().parent_path().parent_path().filename() / entry.path().filename(), text.str()}
        );
    }
    std::ranges::sort(out, {}, &Statement::name);
    return out;
}

/// Prepares `statement` and plans it with nulls as each role in turn; EXPLAIN checks every privilege. Empty
/// when a role may run it, else what the last one was told.
std::string refusal(Session& session, const Statement& statement) {
    std::string text = statement.text;
    while (!text.empty() && (text.back() == ';' || text.back() == '\n')) text.pop_back();
    (void)session.run("deallocate all");
    if (auto error = session.run("prepare it as " + text); !error.empty()) return error;
    auto nulls = session.value(
        "select repeat('null, ', coalesce(array_length(parameter_types, 1), 0)) from pg_prepared_statements"
    );
    if (!nulls.empty()) nulls = "(" + nulls.substr(0, nulls.size() - 2) + ")";
    std::string refused;
    for (std::string role : {"weft_api", "weft_worker", "weft_auth", "weft_ingest", "weft_dispatch"}) {
        (void)session.run("begin; set local role " + role);
        (void)session.run("select set_config('app.tenant_id', '00000000-0000-7000-8000-000000000000', true)");
        auto error = session.run("explain execute it" + nulls);
        (void)session.run("rollback");
        if (error.empty()) return "";
        refused += role + ": " + error;
    }
    return refused;
}

TEST(Queries, FitTheSchemaAndTheRightsOfAProcess) {
    test::TestDatabase db;
    Session session(db.superuser_url());
    auto all = statements();
    ASSERT_GT(all.size(), 20u);
    for (const auto& statement : all) {
        EXPECT_TRUE(statement.text.starts_with("-- ")) << statement.name << ": no header";
        EXPECT_EQ(refusal(session, statement), "") << statement.name;
    }
    EXPECT_NE(
        refusal(
            session,
            {"control", "select sealed, wrapped_key, password_hash from connection, tenant_key, app_user"}
        ),
        ""
    ) << "negative control: nobody may read all of this";
    EXPECT_NE(refusal(session, {"control", "select no_such_column from job"}), "");
}

// ---- what says that it goes by a key does, also by plans that were made while the tables were empty ----

/// Tables that grow with every run: reading one of them whole, or several days of it, is what a key is to
/// avoid.
constexpr std::string_view kGrowing[] = {
    "job",
    "trigger_event",
    "workflow_run",
    "step_run",
    "payload",
    "run_event",
    "execution_log",
    "run_wait",
    "file",
    "file_use",
    "idempotency_key"
};
bool grows(std::string_view table) {
    return std::ranges::any_of(kGrowing, [&](std::string_view name) {
        return table == name || table.starts_with(std::string(name) + "_");
    });
}

void look_for_scans(const JsonObject& node, std::set<std::string>& problems) {
    const std::string_view kind = text_or(node, "Node Type", "");
    const std::string table(text_or(node, "Relation Name"));
    if (kind == "Seq Scan" && grows(table)) problems.insert("reads all of " + table);
    // Bitmap scans name the index only.
    const std::string_view index = text_or(node, "Index Name");
    const std::string_view how = text_or(node, "Index Cond");
    const bool is_whole_key = how.contains("run_id") || how.contains("dedupe_key");
    const bool has_tenants = index.starts_with("job_") || index.starts_with("trigger_event_");
    if (has_tenants && !is_whole_key) problems.insert("reads all of a tenant by " + std::string(index));
    const Json* children = node.if_contains("Plans");
    if (children == nullptr) return;
    int days = 0;
    for (const Json& child : children->get_array()) {
        const JsonObject& each = child.get_object();
        const bool is_day =
            text_or(each, "Parent Relationship") == "Member" && grows(text_or(each, "Relation Name"));
        days += is_day && int_or(each, "Actual Loops", 0) > 0;
        look_for_scans(each, problems);
    }
    if (days > 1) problems.insert("reads " + std::to_string(days) + " days");
}

/// Plans `statement` without knowing its values and runs it, with one value in each array, as the first role
/// that may.
std::set<std::string> scans(Session& session, const Statement& statement, const std::string& settings) {
    static SystemRng rng;
    static const std::string id = Uuid::v7(rt::SystemClock().now(), rng).text();  // of today
    std::string text = statement.text;
    while (!text.empty() && (text.back() == ';' || text.back() == '\n')) text.pop_back();
    (void)session.run("deallocate all");
    EXPECT_EQ(session.run("prepare it as " + text), "") << statement.name;
    std::string values = session.value(
        "select string_agg(case when t like '%[]' then 'array[' || v || ']::' || t else v || '::' || t end, "
        "', ' order by n) "
        "from pg_prepared_statements p, unnest(p.parameter_types::text[]) with ordinality as o (t, n), "
        "lateral (select case rtrim(t, '[]') when 'uuid' then quote_literal('" +
        id +
        "') when 'boolean' then 'true' when 'timestamp with time zone' then 'now()' when 'bytea' then "
        "quote_literal('x') "
        "when 'text' then quote_literal('{}') else '1' end as v) l"
    );
    if (!values.empty()) values = "(" + values + ")";
    std::set<std::string> problems;
    for (std::string role : {"weft_api", "weft_worker", "weft_auth", "weft_ingest", "weft_dispatch"}) {
        for (const char* how :
             {"analyze, ", ""}) {  // what cannot be run with such values is planned at least
            (void)session.run("begin; " + settings + "set local role " + role);
            (void)session.run("select set_config('app.tenant_id', '" + id + "', true)");
            const std::string ask = "explain (" + std::string(how) + "format json) execute it" + values;
            const bool may_run = session.run(ask).empty();
            const auto answer = parse_json(may_run ? session.value(ask) : "[]");
            (void)session.run("rollback");
            if (!may_run) continue;
            look_for_scans(answer->get_array().front().get_object().at("Plan").get_object(), problems);
            break;
        }
    }
    return problems;
}

TEST(Queries, ThatGoByAKeyReadNoTableWhole) {
    test::TestDatabase db;
    Session session(db.superuser_url());
    std::vector<Statement> by_key;
    for (const auto& statement : statements()) {
        const std::string header = statement.text.substr(0, statement.text.find('\n'));
        const bool is_of_growing = std::ranges::any_of(kGrowing, [&](std::string_view table) {
            return statement.text.contains(table);
        });
        // Not: a page of a list, backwards, which takes the days that it needs; and what only a bug calls
        // for.
        const bool is_exempt = header.contains("backwards") || statement.name == "runs/fail_orphans.sql" ||
                               statement.name.starts_with("retention/");
        if (is_of_growing && header.contains("key") && !is_exempt) by_key.push_back(statement);
    }
    EXPECT_GT(by_key.size(), 20u);
    const std::string once = "set local plan_cache_mode = force_generic_plan; ";
    for (const Statement& statement : by_key) {
        for (const std::string& problem : scans(session, statement, once))
            ADD_FAILURE() << statement.name << ": " << problem;
    }
    const auto control = [&](std::string text) { return scans(session, {"control", std::move(text)}, once); };
    EXPECT_EQ(control("select from payload where run_id = any($1::uuid[])").size(), 1u) << "several days";
    EXPECT_TRUE(
        control("select from unnest($1::text[]) as g (key) join trigger_event e on e.dedupe_key = g.key")
            .contains("reads all of trigger_event")
    );

    // What is known to be small is best read whole, but a plan that is kept meets the table when it has
    // grown.
    for (std::string_view table : kGrowing)
        EXPECT_EQ(session.run("vacuum analyze " + std::string(table)), "");
    EXPECT_EQ(
        scans(
            session,
            {"control", "delete from job where run_id = any($1::uuid[])"},
            once + "set local enable_seqscan = off; "
        ),
        std::set<std::string>{"reads all of a tenant by job_pkey"}
    );
    std::size_t tempted = 0;
    for (const Statement& statement : by_key) {
        tempted += !scans(session, statement, once).empty();
        const auto problems =
            scans(session, statement, once + "set local enable_seqscan = off; ");  // pg::kPlannedOnce
        for (const std::string& problem : problems) ADD_FAILURE() << statement.name << ", small: " << problem;
    }
    EXPECT_GT(tempted, 0u) << "the control: without that setting";
    std::printf("%zu statements, %zu of them tempted by small tables\n", by_key.size(), tempted);
}

}  // namespace
}  // namespace weft
