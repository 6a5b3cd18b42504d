#include "platform/pg/detail/pipeline.h"

#include "platform/pg/detail/sqlstate.h"

#include <libpq-fe.h>

#include <string>
#include <utility>

namespace weft::pg::detail {

namespace {

/// Stale statements let go of before one new prepare: more than one, so that a heap of them shrinks, and few,
/// so that nobody waits for it.
constexpr int kDeallocateAtOnce = 8;
/// Answered entries are cut off at this many, for a connection that is never idle.
constexpr std::size_t kAnsweredMax = 256;

constexpr Query kBecomeTenant{"pg.become_tenant", "select set_config('app.tenant_id', $1, true)"};
constexpr Query kBecome{
    "pg.become", "select set_config('role', $1, true), set_config('app.tenant_id', $2, true)"
};

const char* role_name(SystemRole role) {
    switch (role) {
        case SystemRole::kAuth:
            return "weft_auth";
        case SystemRole::kIngest:
            return "weft_ingest";
        case SystemRole::kDispatch:
            return "weft_dispatch";
    }
    return "none";
}

/// The types of a prepared statement's parameters are numbers; a type that was dropped and created again has
/// another one. The text is internal to the server and not translated.
bool is_type_gone(const PGresult* raw) {
    const char* message = PQresultErrorField(raw, PG_DIAG_MESSAGE_PRIMARY);
    return message != nullptr && std::string_view(message).starts_with("cache lookup failed for type ");
}

}  // namespace

Result<void> check_params(const Params& params) {
    constexpr std::size_t kParamsMax = 65'535;  // what the protocol counts in 16 bits
    if (params.values().size() > kParamsMax)
        return fail(Error::limit("A statement of the database takes at most 65535 parameters"));
    for (const auto& value : params.values()) {
        if (value && !value->is_binary && value->bytes.find('\0') != std::string::npos) {
            return fail(Error::invalid("The text holds a zero byte, which cannot be stored"));
        }
    }
    return {};
}

Pipeline::Pipeline(std::shared_ptr<Link> link, std::size_t prepared_max)
    : link_(std::move(link)), prepared_(prepared_max) {}

rt::Task<Result<std::shared_ptr<Pipeline>>> Pipeline::open(
    rt::Loop& loop, ConnectOptions options, rt::Deadline by
) {
    const std::size_t prepared_max = options.prepared_max;
    CO_TRY(auto link, co_await Link::open(loop, std::move(options), by));
    if (PQenterPipelineMode(link->raw()) != 1) co_return fail(link->lost("pipeline"));
    co_return std::shared_ptr<Pipeline>(new Pipeline(std::move(link), prepared_max));
}

Result<void> Pipeline::send_control(const char* statement) {
    if (PQsendQueryParams(link_->raw(), statement, 0, nullptr, nullptr, nullptr, nullptr, 0) != 1) {
        return fail(link_->lost(statement));
    }
    expected_.push_back({Kind::kControl, statement});
    return {};
}

Result<void> Pipeline::become(const Principal& who) {
    Params params;
    Speaker before = speaker_;
    if (who.is_login()) {
        speaker_ = Speaker::kLogin;
        if (before == Speaker::kLogin) return {};
        return send_named(kBecome, params.add("none").add(""), Kind::kSwitch);
    }
    speaker_ = who.tenant_id() ? Speaker::kTenant : Speaker::kSystem;
    if (!who.tenant_id()) {
        // A system role has no tenant: '' makes weft.current_tenant() an error.
        return send_named(kBecome, params.add(role_name(who.role())).add(""), Kind::kSwitch);
    }
    if (before != Speaker::kSystem) {
        return send_named(kBecomeTenant, params.add(*who.tenant_id()), Kind::kSwitch);
    }
    return send_named(kBecome, params.add("none").add(*who.tenant_id()), Kind::kSwitch);
}

Result<void> Pipeline::send(const Query& query, const Params& params) {
    return send_named(query, params, Kind::kRows);
}

Result<void> Pipeline::deallocate_stale() {
    for (int i = 0; i < kDeallocateAtOnce; ++i) {
        auto number = prepared_.take_stale();
        if (!number) break;
        std::string text = "deallocate " + Statements::server_name(*number);
        if (PQsendQueryParams(link_->raw(), text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1) {
            return fail(link_->lost("deallocate"));
        }
        expected_.push_back({Kind::kDeallocate, "deallocate", *number});
    }
    return {};
}

Result<const Statements::Entry*> Pipeline::prepare(const Query& query) {
    if (query.name.empty()) return nullptr;
    if (const auto* found = prepared_.find(query.name)) {
        if (found->text == query.text) return found;
        return fail(Error::internal("two texts under the name " + std::string(query.name)));
    }
    const auto& entry = prepared_.add(query);
    CHECK_OK(deallocate_stale());
    if (PQsendPrepare(link_->raw(), entry.server_name.c_str(), entry.text.c_str(), 0, nullptr) != 1) {
        return fail(link_->lost(query.name));
    }
    expected_.push_back({Kind::kPrepare, query.name, entry.number});
    return &entry;
}

Result<void> Pipeline::send_named(const Query& query, const Params& params, Kind kind) {
    values_.clear();
    lengths_.clear();
    formats_.clear();
    for (const auto& value : params.values()) {
        values_.push_back(value ? value->bytes.c_str() : nullptr);
        lengths_.push_back(value ? static_cast<int>(value->bytes.size()) : 0);  // counts for binary ones only
        formats_.push_back(value && value->is_binary ? 1 : 0);
    }
    int count = static_cast<int>(values_.size());
    const char* const* values = values_.data();
    TRY(const auto* entry, prepare(query));
    int sent = 0;
    if (entry != nullptr) {
        const char* name = entry->server_name.c_str();
        sent = PQsendQueryPrepared(link_->raw(), name, count, values, lengths_.data(), formats_.data(), 0);
    } else {
        std::string text(query.text);
        sent = PQsendQueryParams(
            link_->raw(), text.c_str(), count, nullptr, values, lengths_.data(), formats_.data(), 0
        );
    }
    if (sent != 1) return fail(link_->lost(query.name));
    expected_.push_back({kind, query.name, entry == nullptr ? 0 : entry->number});
    return {};
}

Result<void> Pipeline::send_sync() {
    speaker_ = Speaker::kLogin;  // a transaction names its principal once, a batch ends here
    if (PQpipelineSync(link_->raw()) != 1) return fail(link_->lost("sync"));
    expected_.push_back({Kind::kSync, "sync"});
    return {};
}

Pipeline::Progress Pipeline::lose(Reply& reply, std::string_view what) {
    link_->give_up();
    if (!reply.has_failed) reply.error = link_->lost(what);
    reply.has_failed = true;
    return Progress::kLost;
}

void Pipeline::pop_expected() {
    ++answered_;
    if (answered_ < expected_.size() && answered_ < kAnsweredMax) return;
    expected_.erase(expected_.begin(), expected_.begin() + static_cast<std::ptrdiff_t>(answered_));
    answered_ = 0;
}

void Pipeline::note_failure(const Expected& expected, const PGresult* raw, Reply& reply) {
    const char* field = PQresultErrorField(raw, PG_DIAG_SQLSTATE);
    std::string_view state = field == nullptr ? "" : field;
    if (!std::exchange(reply.has_failed, true)) {
        reply.error = to_error(raw, expected.name);
        if (reply.server != nullptr) {
            *reply.server = to_server_error(raw, static_cast<int>(reply.rows.size()));
        }
    }
    if (state.empty() || ends_connection(state) || state == "42P05") link_->give_up();
    if (expected.number == 0 || expected.kind == Kind::kPrepare) return;
    // A plan that no longer fits (a migration has run), or parameters of a type that was made anew under its
    // name: all are prepared afresh.
    const bool is_stale = state == "0A000" || (state == "XX000" && is_type_gone(raw));
    if (is_stale) prepared_.outdate(expected.number);
    // Its prepare stood in another unit, behind a statement that failed.
    if (state == "26000") prepared_.drop(expected.number);
    reply.is_outdated = is_stale || state == "26000";
}

/// False: the connection is lost.
bool Pipeline::accept(const Expected& expected, PGresult* raw, Reply& reply) {
    Rows rows(raw);
    auto status = PQresultStatus(raw);
    bool is_ok = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!is_ok && status != PGRES_PIPELINE_ABORTED) note_failure(expected, raw, reply);
    switch (expected.kind) {
        case Kind::kControl:
            if (is_ok) control_tag_ = PQcmdStatus(raw);
            break;
        case Kind::kPrepare:
            is_ok ? prepared_.confirm(expected.number) : prepared_.drop(expected.number);
            break;
        case Kind::kDeallocate:
            if (status == PGRES_PIPELINE_ABORTED) prepared_.put_back_stale(expected.number);
            break;
        case Kind::kRows:
            if (is_ok) reply.rows.push_back(std::move(rows));
            break;
        case Kind::kSwitch:
        case Kind::kSync:
            break;
    }
    return PQstatus(link_->raw()) != CONNECTION_BAD;
}

Pipeline::Progress Pipeline::take(Reply& reply) {
    while (answered_ < expected_.size() && PQisBusy(link_->raw()) != 1) {
        PGresult* raw = PQgetResult(link_->raw());
        const Expected expected = expected_[answered_];
        if (std::exchange(awaits_end_, false)) {
            if (raw != nullptr) PQclear(raw);
            if (raw != nullptr) return lose(reply, expected.name);
            if (!std::exchange(is_commit_refused_, false)) pop_expected();  // else its sync still comes
        } else if (raw == nullptr) {
            return lose(reply, expected.name);
        } else if (expected.kind == Kind::kSync) {
            const auto status = PQresultStatus(raw);
            // The implicit transaction commits here: a deferred constraint, for one, speaks only now.
            if (status == PGRES_FATAL_ERROR) note_failure(expected, raw, reply);
            PQclear(raw);
            if (status == PGRES_FATAL_ERROR && PQstatus(link_->raw()) != CONNECTION_BAD) {
                awaits_end_ = true;
                is_commit_refused_ = true;
                continue;
            }
            if (status != PGRES_PIPELINE_SYNC) return lose(reply, expected.name);
            pop_expected();
            return Progress::kDone;
        } else {
            if (!accept(expected, raw, reply)) return lose(reply, expected.name);
            awaits_end_ = true;
        }
    }
    return PQstatus(link_->raw()) == CONNECTION_BAD ? lose(reply, "read") : Progress::kMore;
}

void Pipeline::forget_names(std::size_t nth) {
    for (std::size_t i = answered_; i < expected_.size(); ++i) {
        bool is_end = expected_[i].kind == Kind::kSync;
        if (nth == 0 && !is_end) expected_[i].name = "left";
        if (is_end && nth-- == 0) return;
    }
}

rt::Task<Result<std::vector<Rows>>> Pipeline::collect(rt::Deadline by, ServerError* failed) {
    CO_CHECK_OK(co_await link_->flush(by));
    Reply reply{.server = failed};
    for (;;) {
        auto progress = take(reply);
        if (progress != Progress::kMore) break;
        CO_CHECK_OK(co_await link_->wait(Link::Direction::kRead, by));
        if (!link_->read()) {
            lose(reply, "read");
            break;
        }
    }
    if (reply.has_failed) co_return fail(std::move(reply.error));
    co_return std::move(reply.rows);
}

}  // namespace weft::pg::detail
