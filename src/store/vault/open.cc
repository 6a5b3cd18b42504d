#include "store/vault/open.h"

#include "base/bytes.h"
#include "base/json.h"
#include "store/vault/detail/field_aad.h"
#include "store/vault/detail/stored_key.h"
#include "store/vault/detail/words.h"
#include "store/vault/keys.h"
#include "store/vault/queries.h"

namespace weft::store::vault {

namespace {

constexpr auto kConnectionKeep = std::chrono::seconds(30);  // bounds how stale a lost notification leaves us
constexpr auto kPrivateKeyKeep = std::chrono::minutes(5);
constexpr std::size_t kConnectionsMax = 500;
constexpr std::size_t kPrivateKeysMax = 500;

/// A connection without its fields, which are in `sealed`.
struct SealedConnection {
    OpenConnection connection;
    std::string sealed;
    TenantKeyId key_id;
};
constexpr auto kConnectionHead = pg::columns(
    pg::column<&OpenConnection::id>("id"),
    pg::column<&OpenConnection::app>("app_id"),
    pg::column<&OpenConnection::key>("key"),
    pg::column<&OpenConnection::name>("name"),
    pg::column<&OpenConnection::auth_kind>("auth_kind"),
    pg::column<&OpenConnection::revision>("revision"),
    pg::column<&OpenConnection::breaker_failures>("breaker_failures"),
    pg::column<&OpenConnection::breaker_within>("breaker_within_ms"),
    pg::column<&OpenConnection::circuit>("circuit"),
    pg::column<&OpenConnection::circuit_until>("circuit_until"),
    pg::column<&OpenConnection::circuit_reason>("circuit_reason")
);
constexpr auto kSealed =
    pg::nested<SealedConnection, &SealedConnection::connection, kConnectionHead>() +
    pg::columns(
        pg::bytes<&SealedConnection::sealed>("sealed"), pg::column<&SealedConnection::key_id>("key_id")
    );

crypto::Aad private_aad(TenantId tenant, TenantKeyId id) {
    return crypto::Aad{tenant.text(), id.text(), "vault", "1", "tenant-key"};
}

Error unreadable(std::string detail) {
    return Error::invalid("The connection's credential cannot be opened; store it again")
        .with_detail(std::move(detail));
}

}  // namespace

Result<std::map<std::string, Secret>> open_fields(
    const crypto::PrivateKey& key, const ConnectionRef& connection, std::string_view sealed
) {
    auto parsed = parse_json(sealed);
    if (!parsed || !parsed->is_object()) return fail(unreadable("sealed value is not an object"));
    const Json* fields = parsed->get_object().if_contains("fields");
    if (int_or(parsed->get_object(), "v", 0) != 1 || fields == nullptr || !fields->is_object()) {
        return fail(unreadable("sealed value of an unknown version"));
    }
    std::map<std::string, Secret> out;
    for (const auto& [name, value] : fields->get_object()) {
        auto cipher = value.is_string() ? from_base64(value.get_string()) : std::nullopt;
        if (!cipher) return fail(unreadable("a sealed field is not base64"));
        auto plain = crypto::open_with(key, *cipher, detail::field_aad(connection, name));
        if (!plain) return fail(unreadable("open_with: " + plain.error().detail));
        out.emplace(std::string(name), std::move(*plain));
    }
    return out;
}

Vault::Vault(pg::Pool& pool, crypto::KeyWrapper& vault_master, const rt::Clock& clock, Rng& rng)
    : pool_(pool),
      master_(vault_master),
      clock_(clock),
      rng_(rng),
      opened_(kConnectionsMax),
      private_keys_(kPrivateKeysMax) {}

rt::Task<Result<int>> Vault::ensure_keys(rt::Deadline by) {
    const auto who = pg::Principal::system(pg::SystemRole::kDispatch);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kTenantsWithoutVaultKey, pg::Params(), by));
    CO_TRY(auto tenants, pg::values<TenantId>(rows, "id"));
    int made = 0;
    for (const TenantId tenant : tenants) {
        CO_TRY(int one, co_await make_key(tenant, by));
        made += one;
    }
    co_return made;
}

rt::Task<Result<int>> Vault::make_key(TenantId tenant, rt::Deadline by) {
    NewKey key{
        .tenant = tenant,
        .id = TenantKeyId::make(clock_.now(), rng_),
        .key_class = KeyClass::kVault,
        .version = 1,
        .public_key = "",
        .wrapped = "",
    };
    auto made = crypto::PrivateKey::generate(key.id.uuid(), rng_);
    key.public_key = made.public_key().bytes;
    CO_TRY(key.wrapped, co_await master_.wrap(std::move(made.bytes), private_aad(tenant, key.id), by));
    pg::Batch batch;
    batch.as(pg::Principal::tenant(tenant));
    add_key(batch, key);
    CO_TRY(auto results, co_await pool_.run(std::move(batch), by));
    co_return static_cast<int>(results.front().affected());
}

rt::Task<Result<Vault::Opened>> Vault::open(TenantId tenant, ConnectionId id, rt::Deadline by) {
    const Entry* found = opened_.find(id.text());
    // The id alone would do as a key; the tenant is part of the stored entry's AAD, so check it here as well.
    if (found != nullptr && found->until > clock_.steady() && found->tenant == tenant) {
        co_return found->connection;
    }
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kSealedById, pg::params(id), by));
    co_return co_await open_row(tenant, std::move(rows), by);
}

rt::Task<Result<Vault::Opened>> Vault::open(TenantId tenant, std::string key, rt::Deadline by) {
    const Steady now = clock_.steady();
    const Entry* found = opened_.find_if([&](const Entry& entry) {
        return entry.tenant == tenant && entry.connection->key == key && entry.until > now;
    });
    if (found != nullptr) co_return found->connection;
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kSealedByKey, pg::params(key), by));
    co_return co_await open_row(tenant, std::move(rows), by);
}

rt::Task<Result<Vault::Opened>> Vault::open_row(TenantId tenant, pg::Rows rows, rt::Deadline by) {
    CO_TRY(auto found, pg::first(rows, kSealed));
    if (!found) co_return fail(Error::not_found("Connection not found"));
    auto opened = std::make_shared<OpenConnection>(std::move(found->connection));
    CO_TRY(auto key, co_await private_key(tenant, found->key_id, by));
    const ConnectionRef ref{.tenant = tenant, .id = opened->id, .revision = opened->revision};
    CO_TRY(opened->fields, open_fields(*key, ref, found->sealed));
    opened_.add(tenant.text(), opened->id.text(), Entry{tenant, opened, clock_.steady() + kConnectionKeep});
    co_return Opened(std::move(opened));
}

rt::Task<Result<Secret>> Vault::open(
    TenantId tenant, std::string sealed, crypto::Aad owner, rt::Deadline by
) {
    CO_TRY(const Uuid id, crypto::key_id_of(sealed));
    CO_TRY(auto key, co_await private_key(tenant, TenantKeyId(id), by));
    co_return crypto::open_with(*key, sealed, owner);
}

rt::Task<Result<std::shared_ptr<const crypto::PrivateKey>>> Vault::private_key(
    TenantId tenant, TenantKeyId id, rt::Deadline by
) {
    const PrivateEntry* found = private_keys_.find(id.text());
    if (found != nullptr && found->tenant == tenant && found->until > clock_.steady()) co_return found->key;
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool_.query(who, sql::kKeyById, pg::params(tenant, id), by));
    CO_TRY(auto row, pg::first(rows, detail::kStoredKey));
    if (!row) co_return fail(Error::not_found("The connection's vault key is missing"));
    CO_TRY(Secret bytes, co_await master_.unwrap(std::move(row->wrapped), private_aad(tenant, id), by));
    auto key = std::make_shared<const crypto::PrivateKey>(id.uuid(), std::move(bytes));
    private_keys_.add(tenant.text(), id.text(), PrivateEntry{tenant, key, clock_.steady() + kPrivateKeyKeep});
    co_return key;
}

}  // namespace weft::store::vault
