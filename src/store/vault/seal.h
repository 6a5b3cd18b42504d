#pragma once

#include "base/id.h"
#include "base/secret.h"
#include "platform/crypto/crypto.h"
#include "store/db/db.h"

#include <map>
#include <string>

/// The api's half of the vault: it seals credentials and cannot open them.
namespace weft::store::vault {

/// What a connection's fields are bound to.
struct ConnectionRef {
    TenantId tenant;
    ConnectionId id;
    int revision = 1;
};

/// The tenant's public vault key. The worker makes it soon after the tenant: waits for it up to 2 s, then
/// kUnavailable.
rt::Task<Result<crypto::PublicKey>> find_public_key(Db db, rt::Deadline by);

/// Seals each field on its own. `fields` are name and value pairs; the result is one blob for
/// connection.sealed.
Result<std::string> seal_fields(
    const crypto::PublicKey& key, const ConnectionRef& connection, const std::map<std::string, Secret>& fields
);

}  // namespace weft::store::vault
