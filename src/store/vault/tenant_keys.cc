#include "base/words.h"
#include "store/vault/detail/stored_key.h"
#include "store/vault/keys.h"
#include "store/vault/queries.h"

namespace weft::store::vault {

namespace {

constexpr auto kKeep = std::chrono::minutes(5);
constexpr std::array<std::string_view, 3> kKeyClasses = {"vault", "ingress", "data"};

crypto::Aad wrap_aad(TenantId tenant, TenantKeyId id, KeyClass key_class, int version) {
    return crypto::Aad{tenant.text(), id.text(), name(key_class), std::to_string(version), "tenant-key"};
}

}  // namespace

std::string_view name(KeyClass key_class) {
    return word_of(kKeyClasses, key_class);
}
std::optional<KeyClass> key_class_from(std::string_view text) {
    return find_word<KeyClass>(kKeyClasses, text);
}

rt::Task<Result<NewKey>> make_symmetric_key(
    TenantId tenant,
    KeyClass key_class,
    crypto::KeyWrapper& wrapper,
    const rt::Clock& clock,
    Rng& rng,
    rt::Deadline by
) {
    NewKey key{
        .tenant = tenant,
        .id = TenantKeyId::make(clock.now(), rng),
        .key_class = key_class,
        .version = 1,
        .public_key = "",
        .wrapped = "",
    };
    auto made = crypto::SymmetricKey::generate(key.id.uuid(), rng);
    crypto::Aad aad = wrap_aad(tenant, key.id, key_class, key.version);
    CO_TRY(key.wrapped, co_await wrapper.wrap(std::move(made.bytes), std::move(aad), by));
    co_return key;
}

void add_key(pg::Batch& batch, const NewKey& key) {
    const auto public_key =
        key.public_key.empty() ? std::nullopt : std::optional<pg::Bytes>({key.public_key});
    auto params =
        pg::params(key.tenant, key.id, key.key_class, key.version, public_key, pg::Bytes{key.wrapped});
    batch.add(sql::kAddKey, std::move(params));
}

TenantKeys::TenantKeys(pg::Pool& pool, crypto::KeyWrapper& wrapper, const rt::Clock& clock, Reader reader)
    : pool_(pool), wrapper_(wrapper), clock_(clock), reader_(reader), entries_(kKeysMax) {}

pg::Principal TenantKeys::principal(TenantId tenant) const {
    return reader_ == Reader::kApi ? pg::Principal::system(pg::SystemRole::kIngest)
                                   : pg::Principal::tenant(tenant);
}

rt::Task<Result<TenantKeys::Key>> TenantKeys::current(TenantId tenant, KeyClass key_class, rt::Deadline by) {
    const std::string label(name(key_class));
    if (Key key = cached(tenant, label)) co_return key;
    auto params = pg::params(tenant, key_class);
    CO_TRY(auto rows, co_await pool_.query(principal(tenant), sql::kCurrentKey, std::move(params), by));
    CO_TRY(Key key, co_await unwrap(tenant, std::move(rows), by));
    keep(tenant, label, key);
    co_return key;
}

rt::Task<Result<TenantKeys::Key>> TenantKeys::by_id(TenantId tenant, TenantKeyId id, rt::Deadline by) {
    const std::string label = id.text();
    if (Key key = cached(tenant, label)) co_return key;
    auto params = pg::params(tenant, id);
    CO_TRY(auto rows, co_await pool_.query(principal(tenant), sql::kKeyById, std::move(params), by));
    co_return co_await unwrap(tenant, std::move(rows), by);
}

rt::Task<Result<TenantKeys::Key>> TenantKeys::unwrap(TenantId tenant, pg::Rows rows, rt::Deadline by) {
    CO_TRY(auto row, pg::first(rows, detail::kStoredKey));
    // Asked for by id, a vault key must not come out of here even if this process could unwrap it.
    if (!row || row->key_class == KeyClass::kVault)
        co_return fail(Error::not_found("The tenant has no such key"));
    const TenantKeyId id = row->id;
    crypto::Aad aad = wrap_aad(tenant, id, row->key_class, row->version);
    CO_TRY(Secret bytes, co_await wrapper_.unwrap(std::move(row->wrapped), std::move(aad), by));
    Key key = std::make_shared<const crypto::SymmetricKey>(id.uuid(), std::move(bytes));
    keep(tenant, id.text(), key);
    co_return key;
}

void TenantKeys::keep(TenantId tenant, std::string label, Key key) {
    const std::string owner = tenant.text();
    entries_.add(owner, owner + "/" + label, Entry{std::move(key), clock_.steady() + kKeep});
}

TenantKeys::Key TenantKeys::cached(TenantId tenant, const std::string& label) {
    const Entry* found = entries_.find(tenant.text() + "/" + label);
    return found == nullptr || found->until <= clock_.steady() ? nullptr : found->key;
}

rt::Task<Result<TenantKeys::Key>> TenantKeys::newest(TenantId tenant, rt::Deadline by) {
    return current(tenant, KeyClass::kData, std::move(by));
}

rt::Task<Result<TenantKeys::Key>> TenantKeys::find(TenantId tenant, TenantKeyId key, rt::Deadline by) {
    return by_id(tenant, key, std::move(by));
}

void TenantKeys::forget_all() {
    entries_.clear();
}

}  // namespace weft::store::vault
