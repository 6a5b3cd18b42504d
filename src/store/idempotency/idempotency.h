#pragma once

#include "store/db/db.h"

#include <optional>
#include <string>

/// The stored answers to creates, so that a client's repeated request gets the first answer again for 24 h.
///
/// In flight is told by an advisory lock of the transaction that does the work: a crash releases it, hence no
/// key can be stuck "in flight". The answer is saved in that same transaction.
namespace weft::store::idempotency {

struct Key {
    TenantId tenant;
    std::string operation;
    std::string key;  // the client's, 1..200 bytes
};

struct Stored {
    std::string request_hash;
    int status = 0;
    std::string response;  // as given to `save`: sealed by the caller
};

/// Claims the key for the transaction of `db`. Returns the stored answer when there is one.
/// Errors: kConflict while another transaction works on the same key.
rt::Task<Result<std::optional<Stored>>> claim(Db db, Key key, rt::Deadline by);

rt::Task<Result<void>> save(Db db, Key key, Stored answer, rt::Deadline by);

}  // namespace weft::store::idempotency
