#include "base/bytes.h"
#include "control/api/api.h"
#include "platform/crypto/crypto.h"
#include "store/audit/audit.h"
#include "store/idempotency/idempotency.h"

#include <algorithm>

namespace weft::control {

namespace {

constexpr std::size_t kKeyBytesMax = 200;

/// The stored status of an answer whose secret was shown: what its repetition gets.
constexpr int kSpent = 409;

/// PostgreSQL's text cannot hold a NUL, and C strings end at one: neither may decide what is stored.
bool has_nul(const Json& value) {
    if (value.is_string()) return value.get_string().find('\0') != std::string::npos;
    if (value.is_array()) {
        for (const Json& item : value.get_array()) {
            if (has_nul(item)) return true;
        }
    }
    if (value.is_object()) {
        for (const auto& [name, member] : value.get_object()) {
            if (name.find('\0') != std::string_view::npos || has_nul(member)) return true;
        }
    }
    return false;
}

Result<void> check_key(std::string_view key) {
    const bool is_printable = std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7f; });
    if (!key.empty() && key.size() <= kKeyBytesMax && is_printable) return {};
    return fail(Error::invalid("Idempotency-Key must be 1 to 200 printable characters", "Idempotency-Key"));
}

crypto::Aad answer_aad(const store::idempotency::Key& key) {
    const std::string owner = key.tenant.text() + "/" + key.caller.text();
    return crypto::Aad{owner, key.key, key.operation, "2", "idempotency"};
}

/// Who may have an answer again: the same credential, with the rights it had. The hash is keyed: a copy of
/// the table must not confirm what somebody guesses was asked.
store::idempotency::Once once_of(const Operation& operation, const Context& context, const Json& input) {
    const Principal& principal = *context.principal;
    const auto& token = principal.identity.token_id;
    std::string asked(tenancy::name(principal.role));
    for (const auto permission : principal.permissions.list()) {
        asked += ' ';
        asked += tenancy::name(permission);
    }
    asked += '\n';
    asked += to_text(input);
    return {
        .key =
            {.tenant = context.tenant(),
             .caller = token ? token->uuid() : context.user().uuid(),
             .operation = std::string(operation.name),
             .key = *context.idempotency_key},
        .request_hash = crypto::hmac_sha256(context.env->request_key.reveal(), asked),
    };
}

Executor::Answer answer_of(const Operation& operation, const Json& result) {
    return {
        .status = operation.status,
        .body = operation.status == 204 ? "" : to_text(result),
        .is_replay = false,
    };
}

/// Puts the texts behind the members that are there.
void add_texts(Executor::Answer& answer, Context& context) {
    std::size_t more = 0;
    for (const auto& [member, text] : context.texts) more += member.size() + text.size() + 4;
    answer.body.reserve(answer.body.size() + more);
    for (auto& [member, text] : context.texts) {
        answer.body.back() = ',';  // instead of the brace; there is always a member before
        answer.body.append("\"").append(member).append("\":").append(text).push_back('}');
        std::string().swap(text);
    }
    answer.room = std::move(context.room);
    if (answer.room) (void)answer.room->try_resize(static_cast<std::int64_t>(answer.body.size()));
}

}  // namespace

Result<void> Executor::authorize(const Table::Entry& entry, const Context& context) const {
    const Access& access = entry.operation.access;
    if (access.is_public()) return {};
    if (!context.principal) return fail(Error::unauthenticated("Sign in, or send an API token"));
    if (auto permission = access.permission()) {
        return tenancy::require(context.principal->permissions, *permission);
    }
    return {};
}

Result<void> Executor::validate(const Table::Entry& entry, const Json& input) const {
    if (has_nul(input)) return fail(Error::invalid("Text must not contain the character NUL"));
    return entry.input->validate(input);
}

Result<void> Executor::check(const Table::Entry& entry, Context& context, const Json& input) const {
    CHECK_OK(authorize(entry, context));
    if (context.idempotency_key) CHECK_OK(check_key(*context.idempotency_key));
    CHECK_OK(validate(entry, input));
    if (entry.operation.replay == Replay::kNo || !context.principal) context.idempotency_key.reset();
    return {};
}

rt::Task<Result<Executor::Answer>> Executor::run(const Table::Entry& entry, Context& context, Json input) {
    context.env = &env_;
    CO_CHECK_OK(check(entry, context, input));
    if (entry.operation.mode == Mode::kWrite) {
        CO_TRY(Answer answer, co_await call_in_transaction(entry, context, std::move(input)));
        // The transaction's connection is given back by now: as many as there are could wait here.
        if (context.settle && !answer.is_replay) co_await context.settle();
        co_return answer;
    }
    if (entry.operation.mode == Mode::kOwn) co_return co_await call_own(entry, context, std::move(input));
    CO_TRY(Json result, co_await entry.operation.handler(context, std::move(input)));
    Answer answer = answer_of(entry.operation, result);
    add_texts(answer, context);
    co_return answer;
}

rt::Task<Result<Executor::Answer>> Executor::run_within(
    const Table::Entry& entry, Context& context, Json input, pg::Transaction& transaction
) {
    context.env = &env_;
    CO_CHECK_OK(check(entry, context, input));
    if (entry.operation.mode != Mode::kWrite) co_return fail(Error::internal("commits by itself"));
    co_return co_await call_within(entry, context, std::move(input), transaction);
}

rt::Task<Result<Executor::Answer>> Executor::call_in_transaction(
    const Table::Entry& entry, Context& context, Json input
) {
    const rt::Deadline by = context.deadline;
    CO_CHECK_OK(co_await warm_keys(entry, context));
    CO_TRY(auto transaction, co_await env_.pool.begin(pg::Principal::tenant(context.tenant()), by));
    CO_TRY(Answer answer, co_await call_within(entry, context, std::move(input), transaction));
    if (answer.is_replay) co_return answer;
    CO_CHECK_OK(co_await transaction.commit(by));
    for (const auto& notice : context.notify_after_commit) env_.notify(notice);
    co_return answer;
}

rt::Task<Result<Executor::Answer>> Executor::call_within(
    const Table::Entry& entry, Context& context, Json input, pg::Transaction& transaction
) {
    const store::Db db(transaction);
    std::optional<store::idempotency::Once> once;
    if (context.idempotency_key) {
        once = once_of(entry.operation, context, input);
        CO_TRY(auto earlier, co_await store::idempotency::claim(db, once->key, context.deadline));
        if (earlier) co_return co_await replay(entry, context, std::move(*once), std::move(*earlier));
    }
    context.transaction = &transaction;
    auto result = co_await entry.operation.handler(context, std::move(input));
    context.transaction = nullptr;
    if (!result) co_return fail(std::move(result).error());
    Answer answer = answer_of(entry.operation, *result);
    CO_CHECK_OK(co_await audit(entry, context, db));
    if (once) {
        CO_TRY(auto stored, co_await to_store(entry, context, *once, answer));
        CO_CHECK_OK(
            co_await store::idempotency::save(db, std::move(once->key), std::move(stored), context.deadline)
        );
    }
    co_return answer;
}

rt::Task<Result<Executor::Answer>> Executor::call_own(
    const Table::Entry& entry, Context& context, Json input
) {
    if (context.idempotency_key) {
        context.once = once_of(entry.operation, context, input);
        const store::Db db(env_.pool, context.tenant());
        // Only so that a repetition is answered although the definition has changed since; what keeps it from
        // being done twice is the transaction that takes the key.
        CO_TRY(auto earlier, co_await store::idempotency::find(db, context.once->key, context.deadline));
        if (earlier) co_return co_await replay(entry, context, *context.once, std::move(*earlier));
    }
    CO_TRY(Json result, co_await entry.operation.handler(context, std::move(input)));
    Answer answer = answer_of(entry.operation, result);
    answer.is_replay = context.is_repeat;
    if (entry.operation.access.is_public() || answer.is_replay) co_return answer;
    CO_CHECK_OK(co_await audit(entry, context, store::Db(env_.pool, context.tenant())));
    co_return answer;
}

rt::Task<Result<void>> Executor::warm_keys(const Table::Entry& entry, Context& context) {
    if (entry.operation.key) {
        CO_CHECK_OK(co_await env_.keys.current(context.tenant(), *entry.operation.key, context.deadline));
    }
    if (context.idempotency_key) {
        CO_CHECK_OK(
            co_await env_.keys.current(context.tenant(), store::vault::KeyClass::kData, context.deadline)
        );
    }
    co_return Result<void>();
}

rt::Task<Result<Executor::Answer>> Executor::replay(
    const Table::Entry& entry,
    Context& context,
    store::idempotency::Once once,
    store::idempotency::Stored stored
) {
    if (stored.request_hash != once.request_hash) co_return fail(store::idempotency::used_otherwise());
    Answer answer{.status = stored.status, .body = "", .is_replay = true};
    if (stored.object) {
        context.object = stored.object;
        answer = answer_of(entry.operation, entry.operation.answer_from(*stored.object));
        answer.is_replay = true;
        co_return answer;
    }
    auto sealed = from_base64(stored.response);
    if (!sealed) co_return fail(Error::internal("stored answer is not base64"));
    CO_TRY(auto key_id, crypto::key_id_of(*sealed));
    CO_TRY(auto data_key, co_await env_.keys.by_id(context.tenant(), TenantKeyId(key_id), context.deadline));
    CO_TRY(Secret body, crypto::open(*data_key, *sealed, answer_aad(once.key)));
    answer.body = std::string(body.reveal());
    if (stored.status != kSpent) co_return answer;
    CO_TRY(Json made, parse_json(answer.body));
    context.problem = JsonObject{{"replayed", true}, {"id", made.at("id")}};
    co_return fail(Error::conflict(
        "This was carried out before, and its " + std::string(entry.operation.shown_once) +
        " was shown then only. If you do not have it, delete what was made and make a new one with a new "
        "Idempotency-Key"
    ));
}

rt::Task<Result<store::idempotency::Stored>> Executor::to_store(
    const Table::Entry& entry, Context& context, store::idempotency::Once once, Answer answer
) {
    const std::string_view secret = entry.operation.shown_once;
    if (!secret.empty()) {
        CO_TRY(Json kept, parse_json(answer.body));
        if (kept.get_object().erase(secret) > 0) answer.status = kSpent;
        answer.body = to_text(kept);
    }
    // Sealed, because definitions are a tenant's data and a trigger's address is a secret of its own.
    CO_TRY(
        auto data_key,
        co_await env_.keys.current(context.tenant(), store::vault::KeyClass::kData, context.deadline)
    );
    co_return store::idempotency::Stored{
        .request_hash = std::move(once.request_hash),
        .status = answer.status,
        .response = base64(crypto::seal(*data_key, answer.body, answer_aad(once.key))),
        .object = std::nullopt,
    };
}

rt::Task<Result<void>> Executor::audit(const Table::Entry& entry, Context& context, store::Db db) {
    if (entry.operation.audit_action.empty()) co_return Result<void>();
    using store::audit::ActorKind;
    const auto& identity = context.principal->identity;
    store::audit::Event event{
        .actor_kind = identity.token_id ? ActorKind::kToken : ActorKind::kUser,
        .actor_id = identity.token_id ? identity.token_id->uuid() : identity.user_id.uuid(),
        .action = std::string(entry.operation.audit_action),
        .object_kind = std::string(entry.operation.audit_object),
        .object_id = context.object,
        .detail = context.audit_detail,
        .request_id = context.request_id,
        .ip = context.ip,
    };
    co_return co_await store::audit::append(db, context.tenant(), std::move(event), context.deadline);
}

}  // namespace weft::control
