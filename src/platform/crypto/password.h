#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "platform/rt/task.h"

#include <cstddef>
#include <string>

namespace weft::crypto {

struct PasswordOptions {
    std::size_t memory_bytes = 46u << 20;  // OWASP's argon2id profile m=46 MiB, t=1
    unsigned passes = 1;
    int concurrent_max = 8;  // waiting and running; beyond it kUnavailable, so that logins cannot eat memory
};

/// argon2id on the process's pool; all calls from one loop.
class PasswordHasher {
  public:
    explicit PasswordHasher(PasswordOptions options = {}) : options_(options) {}

    /// The encoded hash `$argon2id$...`. Errors: kUnavailable (too many at once; retry).
    rt::Task<Result<std::string>> hash(Secret password);
    /// Errors: kUnavailable. A stored hash that is no hash verifies nothing.
    rt::Task<Result<bool>> verify(std::string stored, Secret password);
    /// Takes as long as `verify`: call it for an unknown user, so that time does not tell who exists.
    rt::Task<Result<bool>> verify_absent(Secret password);

  private:
    PasswordOptions options_;
    int running_ = 0;
    std::string absent_;  // a hash nobody knows the password of
};

}  // namespace weft::crypto
