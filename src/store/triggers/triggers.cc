#include "store/triggers/triggers.h"

#include "base/bytes.h"
#include "base/words.h"
#include "store/triggers/queries.h"

#include <cstdlib>

namespace weft::pg {

template <>
struct Reader<store::triggers::State> : WordReader<store::triggers::State, store::triggers::state_from> {};
template <>
struct Reader<store::triggers::Kind> : WordReader<store::triggers::Kind, store::triggers::kind_from> {};

}  // namespace weft::pg

namespace weft::store::triggers {

namespace {

constexpr std::string_view kMissing = "Trigger not found";

constexpr auto kTrigger = pg::columns(
    pg::column<&Trigger::id>("id"),
    pg::column<&Trigger::workflow_id>("workflow_id"),
    pg::column<&Trigger::kind>("kind"),
    pg::column<&Trigger::name>("name"),
    pg::column<&Trigger::state>("state"),
    pg::column<&Trigger::config>("config"),
    pg::bytes<&Trigger::sealed_token>("sealed_token"),
    pg::column<&Trigger::has_secret>("has_secret"),
    pg::column<&Trigger::key_id>("key_id"),
    pg::column<&Trigger::created_at>("created_at"),
    pg::column<&Trigger::updated_at>("updated_at")
);

/// Tokens that are made never meet: such a one is a path that somebody chose.
Error token_taken() {
    return Error::conflict("Another webhook or form has this path; choose another").with_field("config.path");
}

struct Locked {
    std::optional<std::string> sealed_secret;
};
constexpr auto kLocked = pg::columns(pg::bytes<&Locked::sealed_secret>("sealed_secret"));

rt::Task<Result<std::vector<TriggerId>>> of_workflow(
    Db db, pg::Query query, WorkflowId workflow, rt::Deadline by
) {
    CO_TRY(auto rows, co_await db.query(query, pg::params(workflow), std::move(by)));
    co_return pg::values<TriggerId>(rows, "id");
}

crypto::Aad aad(TenantId tenant, TriggerId id, std::string_view field) {
    return crypto::Aad{tenant.text(), id.text(), field, "1", "trigger"};
}

}  // namespace

std::string_view name(State state) {
    return word_of(kStates, state);
}
std::optional<State> state_from(std::string_view text) {
    return find_word<State>(kStates, text);
}

std::string_view name(Kind kind) {
    return word_of(kKinds, kind);
}
std::optional<Kind> kind_from(std::string_view text) {
    return find_word<Kind>(kKinds, text);
}

rt::Task<Result<Page<Trigger>>> list(Db db, WorkflowId workflow, PageRequest page, rt::Deadline by) {
    auto params = pg::params(workflow, page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    co_return page_of(rows, kTrigger, page);
}

rt::Task<Result<Trigger>> find(Db db, TriggerId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kFind, pg::params(id), by);
    co_return one(rows, kTrigger, kMissing);
}

rt::Task<Result<Trigger>> add(Db db, NewTrigger trigger, rt::Deadline by) {
    auto params = pg::params(
        trigger.tenant,
        trigger.id,
        trigger.workflow_id,
        trigger.kind,
        trigger.name,
        to_text(trigger.config),
        pg::maybe_bytes(trigger.token_hash),
        pg::maybe_bytes(trigger.sealed_token),
        pg::maybe_bytes(trigger.sealed_secret),
        trigger.key_id
    );
    auto rows = co_await db.query(sql::kAdd, std::move(params), by);
    if (!rows && violates(rows.error(), "trigger_tenant_id_workflow_id_fkey")) {
        co_return fail(Error::not_found("Workflow not found"));
    }
    if (!rows && violates(rows.error(), "trigger_token_hash_key")) co_return fail(token_taken());
    co_return one(rows, kTrigger, kMissing);
}

rt::Task<Result<Trigger>> change(Db db, TriggerChange change, rt::Deadline by) {
    const auto config = change.config.transform([](const Json& value) { return to_text(value); });
    auto params = pg::params(change.id, change.name, config);
    auto rows = co_await db.query(sql::kChange, std::move(params), by);
    co_return one(rows, kTrigger, kMissing);
}

rt::Task<Result<Trigger>> set_state(Db db, TriggerId id, State state, rt::Deadline by) {
    auto rows = co_await db.query(sql::kSetState, pg::params(id, state), by);
    co_return one(rows, kTrigger, kMissing);
}

rt::Task<Result<Trigger>> replace_token(Db db, NewToken token, rt::Deadline by) {
    auto params = pg::params(token.id, pg::Bytes{token.token_hash}, pg::Bytes{token.sealed_token});
    auto rows = co_await db.query(sql::kReplaceToken, std::move(params), by);
    if (!rows && violates(rows.error(), "trigger_token_hash_key")) co_return fail(token_taken());
    co_return one(rows, kTrigger, kMissing);
}

rt::Task<Result<std::optional<std::string>>> sealed_secret(Db db, TriggerId id, rt::Deadline by) {
    auto rows = co_await db.query(sql::kLockSecret, pg::params(id), by);
    CO_TRY(Locked found, one(rows, kLocked, kMissing));
    co_return std::move(found.sealed_secret);
}

rt::Task<Result<Trigger>> replace_secret(Db db, TriggerId id, std::string sealed_secret, rt::Deadline by) {
    auto params = pg::params(id, pg::Bytes{sealed_secret});
    auto rows = co_await db.query(sql::kReplaceSecret, std::move(params), by);
    co_return one(rows, kTrigger, kMissing);
}

rt::Task<Result<void>> drop(Db db, TriggerId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kDrop, pg::params(id), by));
    co_return expect_row(rows, std::string(kMissing));
}

rt::Task<Result<std::vector<Trigger>>> active_of_workflow(
    Db db, WorkflowId workflow, Kind kind, rt::Deadline by
) {
    CO_TRY(auto rows, co_await db.query(sql::kActiveOfWorkflow, pg::params(workflow, kind), std::move(by)));
    co_return pg::all(rows, kTrigger);
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
