#pragma once

#include "store/db/db.h"

#include <optional>
#include <string>

/// Requests that are carried out once: their keys, and what a repetition is answered with for 24 h.
///
/// In flight is told by an advisory lock of the transaction that does the work: a crash releases it, hence no
/// key can be stuck "in flight". The answer is saved in that same transaction. What commits in a transaction
/// of another module (the start of a run) takes the key there, with the object that it makes.
namespace weft::store::idempotency {

struct Key {
    TenantId tenant;
    Uuid caller;  // the credential: an API token, or the person behind a session
    std::string operation;
    std::string key;  // the client's, 1..200 bytes
};

/// A key and what was asked under it: the same key with another hash is a mistake of the client's.
struct Once {
    Key key;
    std::string request_hash;
};

struct Stored {
    std::string request_hash;
    int status = 0;
    std::string response;        // as given to `save`: sealed by the caller; empty when there is an object
    std::optional<Uuid> object;  // what another module's transaction made under this key
};

/// kInvalid for field Idempotency-Key: the key was used for something else.
Error used_otherwise();

/// Claims the key for the transaction of `db`. Returns the stored answer when there is one.
/// Errors: kConflict while another transaction works on the same key.
rt::Task<Result<std::optional<Stored>>> claim(Db db, Key key, rt::Deadline by);

/// The stored answer, if there is one, without a claim.
rt::Task<Result<std::optional<Stored>>> find(Db db, Key key, rt::Deadline by);

rt::Task<Result<void>> save(Db db, Key key, Stored answer, rt::Deadline by);

}  // namespace weft::store::idempotency
