#include "store/db/db.h"
#include "store/vault/keys.h"
#include "store/vault/queries.h"

namespace weft::store::vault {

namespace {

constexpr auto kKeep = std::chrono::minutes(5);

crypto::Aad wrap_aad(TenantId tenant, TenantKeyId id, std::string_view key_class, std::int64_t version) {
    return crypto::Aad{tenant.text(), id.text(), key_class, std::to_string(version), "tenant-key"};
}

}  // namespace

std::string_view name(KeyClass key_class) {
    switch (key_class) {
        case KeyClass::kVault:
            return "vault";
        case KeyClass::kIngress:
            return "ingress";
        case KeyClass::kData:
            return "data";
    }
    return "";
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
    crypto::Aad aad = wrap_aad(tenant, key.id, name(key_class), key.version);
    CO_TRY(key.wrapped, co_await wrapper.wrap(std::move(made.bytes), std::move(aad), by));
    co_return key;
}

void add_key(pg::Batch& batch, const NewKey& key) {
    pg::Params params;
    params.add(key.tenant).add(key.id).add(name(key.key_class)).add(key.version);
    if (key.public_key.empty()) {
        params.add_null();
    } else {
        params.add_bytes(key.public_key);
    }
    params.add_bytes(key.wrapped);
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
    pg::Params params;
    params.add(tenant).add(label);
    CO_TRY(auto rows, co_await pool_.query(principal(tenant), sql::kCurrentKey, std::move(params), by));
    CO_TRY(Key key, co_await unwrap(tenant, std::move(rows), by));
    keep(tenant, label, key);
    co_return key;
}

rt::Task<Result<TenantKeys::Key>> TenantKeys::by_id(TenantId tenant, TenantKeyId id, rt::Deadline by) {
    const std::string label = id.text();
    if (Key key = cached(tenant, label)) co_return key;
    pg::Params params;
    params.add(tenant).add(id);
    CO_TRY(auto rows, co_await pool_.query(principal(tenant), sql::kKeyById, std::move(params), by));
    co_return co_await unwrap(tenant, std::move(rows), by);
}

rt::Task<Result<TenantKeys::Key>> TenantKeys::unwrap(TenantId tenant, pg::Rows rows, rt::Deadline by) {
    CO_CHECK_OK(expect_row(rows, "The tenant has no such key"));
    const auto id = rows.id<TenantKeyId>(0, 0);
    // Asked for by id, a vault key must not come out of here even if this process could unwrap it.
    if (rows.text(0, 1) == name(KeyClass::kVault))
        co_return fail(Error::not_found("The tenant has no such key"));
    crypto::Aad aad = wrap_aad(tenant, id, rows.text(0, 1), rows.integer(0, 2));
    CO_TRY(Secret bytes, co_await wrapper_.unwrap(rows.bytes(0, 3), std::move(aad), by));
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
