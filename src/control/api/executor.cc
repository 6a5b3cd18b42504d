#include "base/bytes.h"
#include "control/api/api.h"
#include "platform/crypto/crypto.h"
#include "store/audit/audit.h"
#include "store/idempotency/idempotency.h"

namespace weft::control {

namespace {

/// A kOwn call with an Idempotency-Key holds a connection while it waits for another one. More of these than
/// this, and a small pool could wait for itself.
constexpr int kHeldMax = 2;

/// PostgreSQL's text cannot hold a NUL, and C strings end at one: neither may decide what is stored.
bool has_nul(const Json& value) {
    if (value.is_string()) return value.get_string().find('\0') != boost::json::string::npos;
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

crypto::Aad answer_aad(const store::idempotency::Key& key) {
    return crypto::Aad{key.tenant.text(), key.key, key.operation, "1", "idempotency"};
}

store::idempotency::Key key_of(const Table::Entry& entry, const Context& context) {
    return {
        .tenant = context.tenant(),
        .operation = std::string(entry.operation.name),
        .key = *context.idempotency_key,
    };
}

/// The same key by another person, or for another input, is another request.
std::string hash_of(const Context& context, const Json& input) {
    return crypto::sha256(context.user().text() + "\n" + to_text(input));
}

Executor::Answer answer_of(const Operation& operation, const Json& result) {
    return {
        .status = operation.status,
        .body = operation.status == 204 ? "" : to_text(result),
        .is_replay = false,
    };
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
    CHECK_OK(validate(entry, input));
    if (entry.operation.replay == Replay::kNo || !context.principal) context.idempotency_key.reset();
    return {};
}

rt::Task<Result<Executor::Answer>> Executor::run(const Table::Entry& entry, Context& context, Json input) {
    context.env = &env_;
    CO_CHECK_OK(check(entry, context, input));
    if (entry.operation.mode == Mode::kWrite) {
        co_return co_await call_in_transaction(entry, context, std::move(input));
    }
    if (entry.operation.mode == Mode::kOwn) co_return co_await call_own(entry, context, std::move(input));
    CO_TRY(Json result, co_await entry.operation.handler(context, std::move(input)));
    co_return answer_of(entry.operation, result);
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
    for (auto& [channel, payload] : context.notify_after_commit) env_.notify(channel, payload);
    co_return answer;
}

rt::Task<Result<Executor::Answer>> Executor::call_within(
    const Table::Entry& entry, Context& context, Json input, pg::Transaction& transaction
) {
    const store::Db db(transaction);
    std::string hash;
    if (context.idempotency_key) {
        hash = hash_of(context, input);
        CO_TRY(auto earlier, co_await replayed(entry, context, db, hash));
        if (earlier) co_return std::move(*earlier);
    }
    context.transaction = &transaction;
    auto result = co_await entry.operation.handler(context, std::move(input));
    context.transaction = nullptr;
    if (!result) co_return fail(std::move(result).error());
    Answer answer = answer_of(entry.operation, *result);
    CO_CHECK_OK(co_await audit(entry, context, db));
    if (context.idempotency_key) CO_CHECK_OK(co_await store_answer(entry, context, db, hash, answer));
    co_return answer;
}

rt::Task<Result<Executor::Answer>> Executor::call_own(
    const Table::Entry& entry, Context& context, Json input
) {
    const rt::Deadline by = context.deadline;
    if (!context.idempotency_key) {
        CO_TRY(Json result, co_await entry.operation.handler(context, std::move(input)));
        if (!entry.operation.access.is_public())
            CO_CHECK_OK(co_await audit(entry, context, store::Db(env_.pool, context.tenant())));
        co_return answer_of(entry.operation, result);
    }
    if (held_ >= kHeldMax) co_return fail(Error::unavailable("Too many such requests at once; try again"));
    struct Hold {
        explicit Hold(int& count) : count_(count) { ++count_; }
        ~Hold() { --count_; }
        Hold(const Hold&) = delete;
        int& count_;
    };
    const Hold hold(held_);
    CO_CHECK_OK(co_await warm_keys(entry, context));
    CO_TRY(auto transaction, co_await env_.pool.begin(pg::Principal::tenant(context.tenant()), by));
    const store::Db db(transaction);
    const std::string hash = hash_of(context, input);
    CO_TRY(auto earlier, co_await replayed(entry, context, db, hash));
    if (earlier) co_return std::move(*earlier);
    CO_TRY(Json result, co_await entry.operation.handler(context, std::move(input)));
    Answer answer = answer_of(entry.operation, result);
    CO_CHECK_OK(co_await audit(entry, context, db));
    CO_CHECK_OK(co_await store_answer(entry, context, db, hash, answer));
    CO_CHECK_OK(co_await transaction.commit(by));
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

rt::Task<Result<std::optional<Executor::Answer>>> Executor::replayed(
    const Table::Entry& entry, Context& context, store::Db db, std::string request_hash
) {
    const auto key = key_of(entry, context);
    CO_TRY(auto stored, co_await store::idempotency::claim(db, key, context.deadline));
    if (!stored) co_return std::nullopt;
    if (stored->request_hash != request_hash) {
        co_return fail(Error::invalid("This Idempotency-Key was used for another request", "Idempotency-Key")
        );
    }
    auto sealed = from_base64(stored->response);
    if (!sealed) co_return fail(Error::internal("stored answer is not base64"));
    CO_TRY(auto key_id, crypto::key_id_of(*sealed));
    CO_TRY(auto data_key, co_await env_.keys.by_id(context.tenant(), TenantKeyId(key_id), context.deadline));
    CO_TRY(Secret body, crypto::open(*data_key, *sealed, answer_aad(key)));
    Answer answer{.status = stored->status, .body = std::string(body.reveal()), .is_replay = true};
    co_return std::optional<Answer>(std::move(answer));
}

rt::Task<Result<void>> Executor::store_answer(
    const Table::Entry& entry, Context& context, store::Db db, std::string request_hash, Answer answer
) {
    // Sealed, because the answer to a create may hold a secret that is shown once.
    auto key = key_of(entry, context);
    CO_TRY(
        auto data_key,
        co_await env_.keys.current(context.tenant(), store::vault::KeyClass::kData, context.deadline)
    );
    store::idempotency::Stored stored{
        .request_hash = std::move(request_hash),
        .status = answer.status,
        .response = base64(crypto::seal(*data_key, answer.body, answer_aad(key))),
    };
    co_return co_await store::idempotency::save(db, std::move(key), std::move(stored), context.deadline);
}

rt::Task<Result<void>> Executor::audit(const Table::Entry& entry, Context& context, store::Db db) {
    if (entry.operation.audit_action.empty()) co_return Result<void>();
    const auto& identity = context.principal->identity;
    store::audit::Event event{
        .actor_kind = identity.token_id ? "token" : "user",
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
