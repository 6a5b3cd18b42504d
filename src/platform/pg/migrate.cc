#include "platform/pg/migrate.h"

#include "base/bytes.h"
#include "platform/crypto/crypto.h"
#include "platform/pg/detail/sqlstate.h"

#include <libpq-fe.h>

#include <charconv>
#include <initializer_list>
#include <map>
#include <memory>

namespace weft::pg {

namespace {

using OwnConnection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Roles are shared by all databases of a server: another database's migration may touch them at this moment.
constexpr int kAttempts = 5;
/// One number for every Weft database; the lock lasts as long as the transaction.
constexpr const char* kBegin = R"(
    begin;
    set local timezone = 'UTC';
    set local client_min_messages = warning;
    select pg_advisory_xact_lock(8466532);
)";

constexpr const char* kBookkeeping = R"(
    create schema if not exists weft_meta;
    create table if not exists weft_meta.migration (
        number int primary key,
        name text not null,
        checksum text not null,
        applied_at timestamptz not null default clock_timestamp()
    );
    create table if not exists weft_meta.applied_script (
        name text primary key,
        checksum text not null,
        applied_at timestamptz not null default clock_timestamp()
    );
)";

constexpr const char* kApplied =
    "select number::text, checksum from weft_meta.migration "
    "union all select name, checksum from weft_meta.applied_script";

/// The migrations belong to the schema's owner; the migrating login need not be a superuser.
constexpr const char* kIsOwner = "select pg_has_role(current_user, 'weft_owner', 'member')";
constexpr const char* kJoinOwner =
    "do $$ begin execute format('grant weft_owner to %I', current_user); end $$";

class Migrator {
  public:
    explicit Migrator(PGconn* connection) : connection_(connection) {}

    Result<int> run(const MigrateOptions& options);

  private:
    Result<void> exec(const std::string& text, std::string_view what);
    Result<Answer> ask(const char* text, std::initializer_list<std::string> params, std::string_view what);
    Result<int> apply_migrations();
    Result<bool> apply_one(const MigrationFile& file, int number);
    bool is_applied(const std::string& script, std::string_view text) const;
    Result<void> read_applied();
    Result<void> join_owner();
    Result<void> apply_script(std::string_view script, std::string_view text);
    Result<void> set_password(const char* role, const std::string& password);

    PGconn* connection_;
    std::map<std::string, std::string> applied_;  // checksums by a migration's number or a script's name
};

Result<void> Migrator::exec(const std::string& text, std::string_view what) {
    Answer answer(PQexec(connection_, text.c_str()), &PQclear);
    auto status = PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
    return fail(detail::to_error(answer.get(), what));
}

Result<Answer> Migrator::ask(
    const char* text, std::initializer_list<std::string> params, std::string_view what
) {
    const char* values[4] = {};
    int count = 0;
    for (const auto& param : params) values[count++] = param.c_str();
    Answer answer(PQexecParams(connection_, text, count, nullptr, values, nullptr, nullptr, 0), &PQclear);
    auto status = PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return answer;
    return fail(detail::to_error(answer.get(), what));
}

std::string checksum(std::string_view text) {
    return hex(crypto::sha256(text));
}

/// All at once: each start asks, and most find nothing to do.
Result<void> Migrator::read_applied() {
    TRY(Answer answer, ask(kApplied, {}, "migrations"));
    for (int row = 0; row < PQntuples(answer.get()); ++row) {
        applied_[PQgetvalue(answer.get(), row, 0)] = PQgetvalue(answer.get(), row, 1);
    }
    return {};
}

Result<void> Migrator::join_owner() {
    TRY(Answer answer, ask(kIsOwner, {}, "roles.sql"));
    const bool is_member = std::string_view(PQgetvalue(answer.get(), 0, 0)) == "t";
    return is_member ? Result<void>{} : exec(kJoinOwner, "roles.sql");
}

int number_of(std::string_view name) {
    int number = 0;  // V0001__tenancy.sql; the generator has checked the form
    std::from_chars(name.data() + 1, name.data() + name.size(), number);
    return number;
}

Result<bool> Migrator::apply_one(const MigrationFile& file, int number) {
    const std::string sum = checksum(file.text);
    if (auto known = applied_.find(std::to_string(number)); known != applied_.end()) {
        if (known->second == sum) return false;
        return fail(Error::conflict(
            "The database was made by another build of Weft: migration " + std::string(file.name) +
            " differs from the one that was applied. Migrations are never edited; add a new one."
        ));
    }
    CHECK_OK(exec(std::string(file.text), file.name));
    CHECK_OK(exec("set local role none; reset search_path", file.name));
    CHECK_OK(
        ask("insert into weft_meta.migration (number, name, checksum) values ($1::int, $2, $3)",
            {std::to_string(number), std::string(file.name), sum},
            file.name)
    );
    return true;
}

Result<int> Migrator::apply_migrations() {
    auto files = schema_files().migrations;
    TRY(Answer newest, ask("select coalesce(max(number), 0) from weft_meta.migration", {}, "migrations"));
    int highest = std::atoi(PQgetvalue(newest.get(), 0, 0));
    const int own = files.empty() ? 0 : number_of(files.back().name);
    if (highest > own) {
        return fail(Error::conflict(
            "The database is newer than this program (schema " + std::to_string(highest) + ", program " +
            std::to_string(own) + "). Start a newer Weft."
        ));
    }
    int applied = 0;
    for (const MigrationFile& file : files) {
        TRY(bool is_new, apply_one(file, number_of(file.name)));
        applied += is_new ? 1 : 0;
    }
    return applied;
}

bool Migrator::is_applied(const std::string& script, std::string_view text) const {
    auto known = applied_.find(script);
    return known != applied_.end() && known->second == checksum(text);
}

Result<void> Migrator::apply_script(std::string_view script, std::string_view text) {
    CHECK_OK(exec(std::string(text), script));
    CHECK_OK(exec("set local role none; reset search_path", script));
    const std::string sum = checksum(text);
    CHECK_OK(
        ask("insert into weft_meta.applied_script (name, checksum) values ($1, $2) "
            "on conflict (name) do update set checksum = excluded.checksum, applied_at = clock_timestamp()",
            {std::string(script), sum},
            script)
    );
    return {};
}

/// The password is hashed here: neither the statement nor the server's log ever holds it.
Result<void> Migrator::set_password(const char* role, const std::string& password) {
    if (password.empty()) return {};
    std::unique_ptr<char, decltype(&PQfreemem)> verifier(
        PQencryptPasswordConn(connection_, password.c_str(), role, "scram-sha-256"), &PQfreemem
    );
    if (verifier == nullptr) return fail(Error::internal("cannot hash a role's password"));
    std::unique_ptr<char, decltype(&PQfreemem)> literal(
        PQescapeLiteral(connection_, verifier.get(), std::char_traits<char>::length(verifier.get())),
        &PQfreemem
    );
    return exec(std::string("alter role ") + role + " password " + literal.get(), "password");
}

Result<int> Migrator::run(const MigrateOptions& options) {
    const SchemaFiles& files = schema_files();
    CHECK_OK(exec(kBegin, "begin"));
    CHECK_OK(exec(kBookkeeping, "bookkeeping"));
    CHECK_OK(read_applied());
    if (!is_applied("roles.sql", files.roles)) CHECK_OK(apply_script("roles.sql", files.roles));
    CHECK_OK(join_owner());
    TRY(int applied, apply_migrations());
    // Granting again locks every table; a start with nothing to do must not.
    if (applied > 0 || !is_applied("grants.sql", files.grants))
        CHECK_OK(apply_script("grants.sql", files.grants));
    // The days' partitions are made by api and worker, at their start and every hour.
    CHECK_OK(set_password("weft_api", options.api_password));
    CHECK_OK(set_password("weft_worker", options.worker_password));
    CHECK_OK(exec("commit", "commit"));
    return applied;
}

/// Another database's migration got in between: all or nothing, so simply again.
bool is_worth_retrying(const Error& error) {
    if (error.code == Code::kUnavailable) return true;
    if (error.database == nullptr) return false;
    // XX000: the server's only word for a catalog row that somebody else changed meanwhile.
    return error.database->sqlstate == "XX000" || error.database->table == "pg_authid" ||
           error.database->table == "pg_auth_members";
}

}  // namespace

Result<int> migrate(const MigrateOptions& options) {
    CHECK_OK(crypto::init());
    Error last;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        OwnConnection connection(PQconnectdb(options.url.c_str()), &PQfinish);
        if (PQstatus(connection.get()) != CONNECTION_OK) {
            return fail(Error::unavailable(
                "Cannot reach the database; check WEFT_DATABASE_URL", PQerrorMessage(connection.get())
            ));
        }
        PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
        auto done = Migrator(connection.get()).run(options);
        if (done) return done;
        last = std::move(done).error();
        if (!is_worth_retrying(last)) break;
    }
    if (last.code == Code::kInternal)
        last.user = "The database could not be brought to this program's schema";
    return fail(std::move(last).during("migrate"));
}

}  // namespace weft::pg
