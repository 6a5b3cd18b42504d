#include "support/pg.h"

#include "base/random.h"
#include "platform/pg/conninfo.h"
#include "platform/pg/migrate.h"

#include <libpq-fe.h>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace weft::test {

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Not a secret: the logins of throw-away servers.
constexpr const char* kPassword = "weft-test";

[[noreturn]] void give_up(const std::string& what) {
    std::fprintf(stderr, "test support: %s\n", what.c_str());
    std::abort();
}

Connection connect(const std::string& url) {
    Connection connection(PQconnectdb(url.c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) give_up(PQerrorMessage(connection.get()));
    PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
    return connection;
}

Answer run(PGconn* connection, const std::string& sql) {
    Answer answer(PQexec(connection, sql.c_str()), &PQclear);
    auto status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        give_up(sql + "\n" + PQresultErrorMessage(answer.get()));
    }
    return answer;
}

bool is_there(PGconn* connection, const std::string& database) {
    auto found = run(connection, "select 1 from pg_database where datname = '" + database + "'");
    return PQntuples(found.get()) > 0;
}

std::string template_name() {
    const auto& files = pg::schema_files();
    std::size_t hash =
        std::hash<std::string_view>()(files.roles) * 31 + std::hash<std::string_view>()(files.grants);
    for (const auto& file : files.migrations) hash = hash * 31 + std::hash<std::string_view>()(file.text);
    char out[64];
    std::snprintf(out, sizeof out, "weft_template_%zx", hash);
    return out;
}

/// Migrates one database per server and schema; every test database is a copy of it.
std::string ensure_template(const std::string& server_url) {
    std::string name = template_name();
    auto server = connect(server_url);
    run(server.get(), "select pg_advisory_lock(75281)");  // other test programs want the same now
    if (!is_there(server.get(), name)) {
        std::string draft = name + "_draft";
        run(server.get(), "drop database if exists " + draft);
        run(server.get(), "create database " + draft);
        auto done = pg::migrate(
            {.url = with(server_url, draft), .api_password = kPassword, .worker_password = kPassword}
        );
        if (!done) give_up(done.error().user + ": " + done.error().detail);
        run(server.get(), "alter database " + draft + " rename to " + name);
    }
    return name;
}

std::string next_name() {
    static int made = 0;
    return "weft_t_" + std::to_string(getpid()) + "_" + std::to_string(++made);
}

Uuid fresh_id() {
    SystemRng rng;
    auto now = std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
    return Uuid::v7(now, rng);
}

}  // namespace

std::string with(
    const std::string& url, std::string_view database, std::string_view user, std::string_view password
) {
    auto made = pg::Conninfo::parse(url);
    if (!made) give_up("not a connection string");
    made->set("dbname", database);
    if (!user.empty()) made->set("user", user);
    if (!user.empty()) made->set("password", password);
    return std::string(made->text().reveal());
}

const std::string& shared_superuser_url() {
    static const std::string url = [] {
        const char* given = std::getenv("WEFT_TEST_DATABASE_URL");
        if (given != nullptr && *given != '\0') return std::string(given);
        static Cluster cluster;
        return cluster.superuser_url();
    }();
    return url;
}

TestDatabase::TestDatabase() {
    make(shared_superuser_url());
}

TestDatabase::TestDatabase(const Cluster& cluster) {
    make(cluster.superuser_url());
}

void TestDatabase::make(const std::string& server_url) {
    server_url_ = server_url;
    name_ = next_name();
    auto from = ensure_template(server_url);
    auto server = connect(server_url);
    // Two copies of one template exclude each other for a moment; the lock makes them queue instead of fail.
    run(server.get(), "select pg_advisory_lock(75281)");
    run(server.get(), "create database " + name_ + " template " + from);
    superuser_url_ = with(server_url, name_);
    api_url_ = with(server_url, name_, "weft_api", kPassword);
    worker_url_ = with(server_url, name_, "weft_worker", kPassword);
}

TestDatabase::~TestDatabase() {
    // Best effort: the server may have been killed by the test.
    Connection server(PQconnectdb(server_url_.c_str()), &PQfinish);
    if (PQstatus(server.get()) != CONNECTION_OK) return;
    Answer(PQexec(server.get(), ("drop database if exists " + name_ + " with (force)").c_str()), &PQclear);
}

void TestDatabase::exec(const std::string& sql) const {
    auto connection = connect(superuser_url_);
    run(connection.get(), "set search_path = weft");
    run(connection.get(), sql);
}

std::string TestDatabase::scalar(const std::string& sql, const std::vector<std::string>& params) const {
    auto connection = connect(superuser_url_);
    run(connection.get(), "set search_path = weft");
    std::vector<const char*> values;
    for (const auto& param : params) values.push_back(param.c_str());
    Answer answer(
        PQexecParams(
            connection.get(),
            sql.c_str(),
            static_cast<int>(values.size()),
            nullptr,
            values.data(),
            nullptr,
            nullptr,
            0
        ),
        &PQclear
    );
    auto status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        give_up(sql + "\n" + PQresultErrorMessage(answer.get()));
    }
    return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
}

std::string TestDatabase::sqlstate_of(const std::string& url, const std::string& sql) const {
    auto connection = connect(url);
    run(connection.get(), "set search_path = weft");
    Answer answer(PQexec(connection.get(), sql.c_str()), &PQclear);
    const char* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
    return state == nullptr ? "00000" : state;
}

TenantId TestDatabase::create_tenant(std::string_view name) const {
    TenantId id(fresh_id());
    std::string slug = "t" + id.text();
    scalar(
        "with t as (insert into tenant (id, slug, name) values ($1::uuid, $2, $3) returning id) "
        "insert into tenant_queue (tenant_id) select $1::uuid from t returning tenant_id",
        {id.text(), slug, std::string(name)}
    );
    return id;
}

UserId TestDatabase::create_user(TenantId tenant, std::string_view role) const {
    UserId id(fresh_id());
    scalar(
        "insert into app_user (id, email, name, password_hash) values ($1::uuid, $2, 'Somebody', '!')",
        {id.text(), id.text() + "@example.test"}
    );
    scalar(
        "insert into membership (tenant_id, user_id, role) values ($1::uuid, $2::uuid, $3)",
        {tenant.text(), id.text(), std::string(role)}
    );
    return id;
}

TestDatabase::Workflow TestDatabase::create_workflow(
    TenantId tenant, std::string_view key, std::string_view compiled
) const {
    Workflow made{WorkflowId(fresh_id()), WorkflowVersionId(fresh_id())};
    std::vector<std::string> ids{tenant.text(), made.id.text(), made.version.text()};
    scalar(
        "insert into workflow (tenant_id, id, key, name) values ($1::uuid, $2::uuid, $3, $3)",
        {ids[0], ids[1], std::string(key)}
    );
    scalar(
        "insert into workflow_version (tenant_id, id, workflow_id, number, definition, compiled, "
        "content_hash) "
        "values ($1::uuid, $3::uuid, $2::uuid, 1, '{}', $4::text::json, sha256(convert_to($4::text, "
        "'UTF8')))",
        {ids[0], ids[1], ids[2], std::string(compiled)}
    );
    scalar(
        "update workflow set published_version_id = $3::uuid where tenant_id = $1::uuid and id = $2::uuid",
        ids
    );
    return made;
}

}  // namespace weft::test
