#include "graphql/catalog/catalog.h"
#include "graphql/live/detail/partitions.h"
#include "graphql/live/detail/pgoutput.h"
#include "graphql/live/detail/wal_connection.h"
#include "graphql/live/live.h"
#include "platform/rt/clock.h"
#include "platform/rt/sync.h"

#include <algorithm>
#include <utility>

namespace weft::graphql {

using detail::Lsn;
using detail::WalConnection;

namespace {

constexpr auto kConnectTimeout = std::chrono::seconds(10);
constexpr auto kStatementTimeout = std::chrono::seconds(30);
/// A slot begins when all transactions that were under way have ended.
constexpr auto kSlotTimeout = std::chrono::minutes(10);
constexpr Steady::duration kRetryMin = std::chrono::milliseconds(100);
constexpr Steady::duration kRetryMax = std::chrono::seconds(5);
/// How often the server is told what has been read, so that it may let go of its log.
constexpr auto kReport = std::chrono::seconds(10);
/// How often a quiet reader looks whether it is to follow other tables.
constexpr Steady::duration kLookAround = std::chrono::seconds(1);

constexpr std::string_view kExists = "42710";
constexpr std::string_view kInUse = "55006";

void append_number(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> static_cast<unsigned>(shift));
}

std::uint64_t read_number(std::string_view text) {
    std::uint64_t out = 0;
    for (const char c : text.substr(0, 8)) out = out << 8U | static_cast<unsigned char>(c);
    return out;
}

/// For each of `tables`: schema, name, is it in the publication, can its updates be told apart.
std::string tables_text(const std::vector<QualifiedName>& tables, const std::string& publication) {
    std::string wanted;
    for (const QualifiedName& each : tables) {
        wanted += wanted.empty() ? "(" : ", (";
        wanted += quote_literal(each.schema) + ", " + quote_literal(each.name) + ")";
    }
    return "select n.nspname, c.relname, p.pubname is not null, c.relreplident in ('f', 'i') or "
           "c.relreplident = 'd' "
           "and exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary) "
           "from (values " +
           wanted +
           ") as w (nsp, rel) join pg_catalog.pg_namespace n on n.nspname = w.nsp "
           "join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.rel and c.relkind in "
           "('r', 'p') "
           "left join pg_catalog.pg_publication_tables p "
           "on p.schemaname = w.nsp and p.tablename = w.rel and p.pubname = " +
           quote_literal(publication);
}

std::string slot_text(const ReplicationOptions& options) {
    return "CREATE_REPLICATION_SLOT " + quote_identifier(options.slot) +
           (options.is_temporary ? " TEMPORARY" : "") + " LOGICAL pgoutput (SNAPSHOT 'nothing')";
}

std::string start_text(const ReplicationOptions& options) {
    return "START_REPLICATION SLOT " + quote_identifier(options.slot) +
           " LOGICAL 0/0 (proto_version '1', publication_names " +
           quote_literal(quote_identifier(options.publication)) + ")";
}

}  // namespace

struct ReplicationReader::Impl {
    Impl(
        rt::Loop& on,
        ReplicationOptions given,
        std::function<void(const Change&)> change,
        std::function<void()> gap
    )
        : loop(on),
          options(std::move(given)),
          on_change(std::move(change)),
          on_gap(std::move(gap)),
          partitions(on, options.url, on_change),
          wake(on),
          scope(on) {}

    rt::Task<void> run();
    rt::Task<Result<void>> read_log();
    rt::Task<Result<void>> prepare_publication(WalConnection& connection);
    rt::Task<Result<void>> add_tables(WalConnection& connection, WalConnection::Rows found);
    rt::Task<Result<void>> take_slot(WalConnection& connection);
    rt::Task<Result<void>> read_messages(WalConnection& connection);
    rt::Task<Result<void>> report(WalConnection& connection, Lsn seen);
    void trouble(std::string what);
    void set_following(bool now);

    rt::Loop& loop;
    ReplicationOptions options;
    std::function<void(const Change&)> on_change;
    std::function<void()> on_gap;
    detail::PartitionWatch partitions;
    rt::SystemClock clock;
    bool is_following = false;
    bool is_standing_by = false;  // another reader has the slot
    bool has_other_tables = false;
    std::string last_trouble;
    rt::Signal wake;
    rt::Scope scope;
};

void ReplicationReader::Impl::trouble(std::string what) {
    if (what == last_trouble) return;
    last_trouble = what;
    if (options.on_trouble) options.on_trouble(std::move(what));
}

void ReplicationReader::Impl::set_following(bool now) {
    if (std::exchange(is_following, now) == now) return;
    if (now) last_trouble.clear();
    if (options.on_state) options.on_state(now);
}

/// Tables of which the publication lacks some are added to it. One whose updates can't be told apart must not
/// be: PostgreSQL would refuse its updates from then on.
rt::Task<Result<void>> ReplicationReader::Impl::add_tables(
    WalConnection& connection, WalConnection::Rows found
) {
    std::string missing;
    std::string without_identity;
    for (const auto& row : found) {
        if (row[2] == "t") continue;
        const std::string name = quote({.schema = row[0], .name = row[1]});
        std::string& list = row[3] == "t" ? missing : without_identity;
        list += (list.empty() ? "" : ", ") + name;
    }
    if (!without_identity.empty()) {
        trouble(
            "changes of these tables are not noticed, since they have no primary key: " + without_identity +
            "; give them one, or ALTER TABLE ... REPLICA IDENTITY FULL, and restart"
        );
    }
    if (missing.empty()) co_return Result<void>{};
    auto added = co_await connection.run(
        "alter publication " + quote_identifier(options.publication) + " add table " + missing,
        scope.deadline(kStatementTimeout)
    );
    if (added || connection.sqlstate() == kExists) co_return Result<void>{};
    if (connection.sqlstate().empty()) co_return fail(std::move(added).error());
    trouble(
        "changes of these tables are not noticed: " + missing +
        "; their owner must add them to publication " + options.publication + " (" + added.error().detail +
        ")"
    );
    co_return Result<void>{};
}

rt::Task<Result<void>> ReplicationReader::Impl::prepare_publication(WalConnection& connection) {
    const std::string name = quote_identifier(options.publication);
    auto known = co_await connection.run(
        "select 1 from pg_catalog.pg_publication where pubname = " + quote_literal(options.publication),
        scope.deadline(kStatementTimeout)
    );
    if (!known) co_return fail(std::move(known).error());
    if (known->empty()) {
        auto made = co_await connection.run(
            "create publication " + name + " with (publish_via_partition_root = true)",
            scope.deadline(kStatementTimeout)
        );
        if (!made && connection.sqlstate() != kExists) {
            trouble(
                "publication " + options.publication + " can't be made (" + made.error().detail +
                "); make it as the tables' owner: CREATE PUBLICATION " + name +
                " FOR TABLE ... WITH (publish_via_partition_root)"
            );
            co_return fail(std::move(made).error());
        }
    }
    if (options.tables.empty()) co_return Result<void>{};
    auto found = co_await connection.run(
        tables_text(options.tables, options.publication), scope.deadline(kStatementTimeout)
    );
    if (!found) co_return fail(std::move(found).error());
    co_return co_await add_tables(connection, std::move(*found));
}

rt::Task<Result<void>> ReplicationReader::Impl::take_slot(WalConnection& connection) {
    auto made = co_await connection.run(slot_text(options), scope.deadline(kSlotTimeout));
    const bool exists = !made && connection.sqlstate() == kExists;
    is_standing_by = exists && options.is_temporary;
    if (made || (exists && !options.is_temporary)) co_return Result<void>{};
    if (!exists) {
        trouble(
            "replication slot " + options.slot + " can't be made: " + made.error().detail +
            "; it takes wal_level=logical, a free slot (max_replication_slots) and a role with REPLICATION"
        );
    }
    co_return fail(std::move(made).error());
}

rt::Task<Result<void>> ReplicationReader::Impl::report(WalConnection& connection, Lsn seen) {
    std::string message = "r";
    for (int i = 0; i < 3; ++i) append_number(message, seen);  // written, flushed, applied
    append_number(message, 0);                                 // our clock, which nobody needs
    message += '\0';                                           // no answer, please
    co_return co_await connection.send(std::move(message), scope.deadline(kStatementTimeout));
}

rt::Task<Result<void>> ReplicationReader::Impl::read_messages(WalConnection& connection) {
    constexpr std::size_t kDataHead = 1 + 8 + 8 + 8;
    constexpr std::size_t kAliveHead = 1 + 8 + 8 + 1;
    detail::PgOutput output(on_change);
    bool is_in_transaction = false;
    Lsn seen = 0;
    Steady reported = clock.steady();
    while (!scope.is_cancelled() && !has_other_tables) {
        bool must_report = clock.steady() >= reported + kReport;
        if (!must_report) {
            const auto left = std::min(reported + kReport - clock.steady(), kLookAround);
            CO_TRY(auto message, co_await connection.next(scope.deadline(left)));
            if (message && message->starts_with('w') && message->size() > kDataHead) {
                const std::string_view body = std::string_view(*message).substr(kDataHead);
                if (!output.read(body))
                    co_return fail(Error::internal("a message of pgoutput was not understood"));
                if (body.front() == 'B') is_in_transaction = true;
                if (body.front() == 'C') is_in_transaction = false;
                seen = std::max(seen, output.committed());
            } else if (message && message->starts_with('k') && message->size() >= kAliveHead) {
                if (!is_in_transaction)
                    seen = std::max(seen, read_number(std::string_view(*message).substr(1)));
                must_report = message->back() != 0;
            }
        }
        if (!must_report) continue;
        reported = clock.steady();
        CO_CHECK_OK(co_await report(connection, seen));
    }
    co_return Result<void>{};
}

rt::Task<Result<void>> ReplicationReader::Impl::read_log() {
    has_other_tables = false;
    auto opened = co_await WalConnection::open(loop, options.url, scope.deadline(kConnectTimeout));
    if (!opened) {
        trouble("no replication connection: " + opened.error().detail);
        co_return fail(std::move(opened).error());
    }
    WalConnection& connection = **opened;
    CO_CHECK_OK(co_await prepare_publication(connection));
    CO_CHECK_OK(co_await take_slot(connection));
    auto started = co_await connection.run(start_text(options), scope.deadline(kStatementTimeout));
    if (!started) {
        is_standing_by = connection.sqlstate() == kInUse;
        if (!is_standing_by) trouble("the log can't be followed: " + started.error().detail);
        co_return fail(std::move(started).error());
    }
    set_following(true);
    if (on_gap) on_gap();  // what was written before the slot began
    co_return co_await read_messages(connection);
}

rt::Task<void> ReplicationReader::Impl::run() {
    Steady::duration pause = kRetryMin;
    while (!scope.is_cancelled()) {
        is_standing_by = false;
        auto ended = co_await read_log();
        const bool has_followed = is_following;
        set_following(false);
        if (scope.is_cancelled()) co_return;
        if (has_followed) {
            pause = kRetryMin;
            if (!ended) trouble("the log is not followed for now: " + ended.error().detail);
        }
        if (has_other_tables) continue;
        (void)co_await wake.wait(scope.deadline(pause));
        pause = std::min(pause * 2, is_standing_by ? std::chrono::seconds(1) : kRetryMax);
    }
}

ReplicationReader::ReplicationReader(
    rt::Loop& loop,
    ReplicationOptions options,
    std::function<void(const Change&)> on_change,
    std::function<void()> on_gap
)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(on_change), std::move(on_gap))) {}

ReplicationReader::~ReplicationReader() = default;

void ReplicationReader::start() {
    impl_->scope.spawn(impl_->run());
    impl_->partitions.follow(impl_->options.tables);
    impl_->partitions.start();
}

void ReplicationReader::follow(std::vector<QualifiedName> tables) {
    if (tables == impl_->options.tables) return;
    impl_->options.tables = std::move(tables);
    impl_->partitions.follow(impl_->options.tables);
    impl_->has_other_tables = true;
    impl_->wake.notify_all();
}

rt::Task<void> ReplicationReader::close() {
    co_await impl_->partitions.close();
    co_await impl_->scope.close();
}

}  // namespace weft::graphql
