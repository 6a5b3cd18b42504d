#include "store/vault/seal.h"

#include "base/bytes.h"
#include "base/json.h"
#include "store/vault/detail/field_aad.h"
#include "store/vault/queries.h"

namespace weft::store::vault {

namespace {

constexpr auto kPublicKeyWait = std::chrono::seconds(2);
constexpr auto kPublicKeyPoll = std::chrono::milliseconds(50);

constexpr auto kPublicKey =
    pg::columns(pg::column<&crypto::PublicKey::id>("id"), pg::bytes<&crypto::PublicKey::bytes>("public_key"));

}  // namespace

crypto::Aad detail::field_aad(const ConnectionRef& connection, std::string_view field) {
    return crypto::Aad{
        connection.tenant.text(),
        connection.id.text(),
        field,
        std::to_string(connection.revision),
        "connection"
    };
}

rt::Task<Result<crypto::PublicKey>> find_public_key(Db db, rt::Deadline by) {
    const rt::Deadline wait = by.at_most(kPublicKeyWait);
    while (true) {
        CO_TRY(auto rows, co_await db.query(sql::kPublicKey, pg::Params(), by));
        CO_TRY(auto key, pg::first(rows, kPublicKey));
        if (key) co_return std::move(*key);
        auto slept = co_await rt::sleep_for(kPublicKeyPoll, wait);
        if (!slept) break;
    }
    if (by.is_over()) co_return fail(by.error());
    co_return fail(Error::unavailable(
        "This tenant's vault key is not ready: it is made by a worker. Start `weft worker` and try again"
    ));
}

Result<std::string> seal_fields(
    const crypto::PublicKey& key, const ConnectionRef& connection, const std::map<std::string, Secret>& fields
) {
    JsonObject sealed;
    for (const auto& [name, value] : fields) {
        TRY(std::string cipher, crypto::seal_to(key, value.reveal(), detail::field_aad(connection, name)));
        sealed[name] = base64(cipher);
    }
    return to_text(JsonObject{{"v", 1}, {"fields", std::move(sealed)}});
}

}  // namespace weft::store::vault
