#include "store/triggers/triggers.h"

#include "base/bytes.h"
#include "store/triggers/queries.h"

#include <cstdlib>

namespace weft::store::triggers {

namespace {

constexpr std::string_view kMissing = "Trigger not found";

Trigger read(const pg::Rows& rows, int row) {
    auto config = parse_json(rows.text(row, 5));
    return Trigger{
        .id = rows.id<TriggerId>(row, 0),
        .workflow_id = rows.id<WorkflowId>(row, 1),
        .kind = std::string(rows.text(row, 2)),
        .name = std::string(rows.text(row, 3)),
        .state = std::string(rows.text(row, 4)),
        .config = config ? std::move(*config) : Json(nullptr),
        .sealed_token = rows.bytes(row, 6),
        .has_secret = rows.boolean(row, 7),
        .key_id = rows.id<TenantKeyId>(row, 8),
        .created_at = rows.instant(row, 9),
        .updated_at = rows.instant(row, 10),
    };
}

Result<Trigger> one(const Result<pg::Rows>& rows) {
    if (!rows) return fail(rows.error());
    CHECK_OK(expect_row(*rows, std::string(kMissing)));
    return read(*rows, 0);
}

pg::Params by_id(TriggerId id) {
    pg::Params params;
    params.add(id);
    return params;
}

rt::Task<Result<std::vector<TriggerId>>> of_workflow(
    Db db, pg::Query query, WorkflowId workflow, rt::Deadline by
) {
    pg::Params params;
    params.add(workflow);
    CO_TRY(auto rows, co_await db.query(query, std::move(params), std::move(by)));
    std::vector<TriggerId> out;
    for (int row = 0; row < rows.size(); ++row) out.push_back(rows.id<TriggerId>(row, 0));
    co_return out;
}

crypto::Aad aad(TenantId tenant, TriggerId id, std::string_view field) {
    return crypto::Aad{tenant.text(), id.text(), field, "1", "trigger"};
}

}  // namespace

rt::Task<Result<Page<Trigger>>> list(Db db, WorkflowId workflow, PageRequest page, rt::Deadline by) {
    pg::Params params;
    params.add(workflow).add(page.after).add(fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    std::vector<Trigger> items;
    for (int row = 0; row < rows.size(); ++row) items.push_back(read(rows, row));
    co_return cut_page(std::move(items), page, [](const Trigger& item) { return item.id.uuid(); });
}

rt::Task<Result<Trigger>> find(Db db, TriggerId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFind, by_id(id), by);
    co_return one(rows);
}

rt::Task<Result<Trigger>> add(Db db, NewTrigger trigger, rt::Deadline by) {
    pg::Params params;
    params.add(trigger.tenant).add(trigger.id).add(trigger.workflow_id).add(trigger.kind).add(trigger.name);
    params.add(to_text(trigger.config)).add_bytes(trigger.token_hash).add_bytes(trigger.sealed_token);
    if (trigger.sealed_secret) {
        params.add_bytes(*trigger.sealed_secret);
    } else {
        params.add_null();
    }
    params.add(trigger.key_id);
    auto rows = co_await db.query(sql::kAdd, std::move(params), by);
    if (!rows && violates(rows.error(), "trigger_tenant_id_workflow_id_fkey")) {
        co_return fail(Error::not_found("Workflow not found"));
    }
    co_return one(rows);
}

rt::Task<Result<Trigger>> change(Db db, TriggerChange change, rt::Deadline by) {
    pg::Params params;
    params.add(change.id).add(change.name);
    if (change.config) {
        params.add(to_text(*change.config));
    } else {
        params.add_null();
    }
    auto rows = co_await db.query(sql::kChange, std::move(params), by);
    co_return one(rows);
}

rt::Task<Result<Trigger>> set_state(Db db, TriggerId id, std::string state, rt::Deadline by) {
    pg::Params params;
    params.add(id).add(state);
    auto rows = co_await db.query(sql::kSetState, std::move(params), by);
    co_return one(rows);
}

rt::Task<Result<Trigger>> replace_token(Db db, NewToken token, rt::Deadline by) {
    pg::Params params;
    params.add(token.id).add_bytes(token.token_hash).add_bytes(token.sealed_token);
    auto rows = co_await db.query(sql::kReplaceToken, std::move(params), by);
    co_return one(rows);
}

rt::Task<Result<std::optional<std::string>>> sealed_secret(Db db, TriggerId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kLockSecret, by_id(id), by));
    CO_CHECK_OK(expect_row(rows, std::string(kMissing)));
    if (rows.is_null(0, 0)) co_return std::nullopt;
    co_return std::optional<std::string>(rows.bytes(0, 0));
}

rt::Task<Result<Trigger>> replace_secret(Db db, TriggerId id, std::string sealed_secret, rt::Deadline by) {
    pg::Params params;
    params.add(id).add_bytes(sealed_secret);
    auto rows = co_await db.query(sql::kReplaceSecret, std::move(params), by);
    co_return one(rows);
}

rt::Task<Result<void>> drop(Db db, TriggerId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kDrop, by_id(id), by));
    co_return expect_row(rows, std::string(kMissing));
}

rt::Task<Result<std::vector<TriggerId>>> ids_of_workflow(Db db, WorkflowId workflow, rt::Deadline by) {
    return of_workflow(db, sql::kIdsOfWorkflow, workflow, std::move(by));
}

rt::Task<Result<std::vector<TriggerId>>> drop_of_workflow(Db db, WorkflowId workflow, rt::Deadline by) {
    return of_workflow(db, sql::kDropOfWorkflow, workflow, std::move(by));
}

std::string seal_token(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, const Secret& token
) {
    return crypto::seal(ingress_key, token.reveal(), aad(tenant, id, "token"));
}

Result<Secret> open_token(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, std::string_view sealed
) {
    return crypto::open(ingress_key, sealed, aad(tenant, id, "token"));
}

// The plain text is `microseconds since 1970 until which the previous one holds` LF `current` [LF
// `previous`]: secrets are made or checked to be free of line ends (control/triggers).
namespace {

Result<Secret> decode_secret(std::string_view line) {
    auto bytes = from_base64(line);
    if (!bytes) return fail(Error::internal("sealed secret of an unknown form"));
    return Secret(std::move(*bytes));
}

}  // namespace

std::string seal_secrets(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, const Secrets& secrets
) {
    const auto until = secrets.previous_until.value_or(Instant()).time_since_epoch().count();
    // One line each, encoded: a secret may hold any byte, line ends included.
    std::string plain = std::to_string(until) + "\n" + base64(secrets.current.reveal());
    if (secrets.previous) plain.append("\n").append(base64(secrets.previous->reveal()));
    std::string sealed = crypto::seal(ingress_key, plain, aad(tenant, id, "secret"));
    Secret::wipe(plain);
    return sealed;
}

Result<Secrets> open_secrets(
    const crypto::SymmetricKey& ingress_key, TenantId tenant, TriggerId id, std::string_view sealed
) {
    TRY(Secret plain, crypto::open(ingress_key, sealed, aad(tenant, id, "secret")));
    const std::string_view text = plain.reveal();
    const auto first = text.find('\n');
    if (first == std::string_view::npos) return fail(Error::internal("sealed secret of an unknown form"));
    const auto second = text.find('\n', first + 1);
    TRY(Secret current, decode_secret(text.substr(first + 1, second - first - 1)));
    Secrets out{.current = std::move(current), .previous = std::nullopt, .previous_until = std::nullopt};
    if (second != std::string_view::npos) {
        TRY(Secret previous, decode_secret(text.substr(second + 1)));
        out.previous = std::move(previous);
        const std::string until(text.substr(0, first));
        out.previous_until = Instant(Micros(std::strtoll(until.c_str(), nullptr, 10)));
    }
    return out;
}

std::vector<Secret> valid_at(const Secrets& secrets, Instant now) {
    std::vector<Secret> out{secrets.current};
    if (secrets.previous && secrets.previous_until && now < *secrets.previous_until) {
        out.push_back(*secrets.previous);
    }
    return out;
}

}  // namespace weft::store::triggers
