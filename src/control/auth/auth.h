#pragma once

#include "base/secret.h"
#include "control/api/api.h"
#include "control/auth/login_limit.h"
#include "platform/crypto/crypto.h"
#include "platform/crypto/password.h"

#include <optional>
#include <string>

namespace weft::control {

/// Claim link, login, sessions and API tokens. Sessions and tokens are opaque: 256 random bits, of which the
/// database holds the SHA-256. Every request looks its credential up, so that a revocation holds at once.
class Auth {
  public:
    /// `shared_master` wraps the data and ingress keys of a new tenant; `device_key`: see LoginLimit.
    Auth(
        Environment& env, crypto::PasswordHasher& hasher, crypto::KeyWrapper& shared_master, Secret device_key
    );

    void add_operations(Table& table);

    /// Nothing for an unknown, expired or revoked credential. Errors: kUnavailable and the like.
    rt::Task<Result<std::optional<Principal>>> authenticate(Credential credential, rt::Deadline by);

    /// A new claim token, to be shown once as `/claim#token=...` and valid for 24 h; nothing when somebody
    /// has claimed this installation. Call it at start.
    rt::Task<Result<std::optional<Secret>>> ensure_claim_link(rt::Deadline by);

  private:
    void add_tokens(Table& table);
    struct Signed {
        Json answer;
        Secret session;
    };
    rt::Task<Result<Json>> status(Context& context, Json input);
    rt::Task<Result<Json>> claim(Context& context, Json input);
    rt::Task<Result<Json>> login(Context& context, Json input);
    rt::Task<Result<Json>> logout(Context& context, Json input);
    rt::Task<Result<Json>> list_tokens(Context& context, Json input);
    rt::Task<Result<Json>> create_token(Context& context, Json input);
    rt::Task<Result<Json>> delete_token(Context& context, Json input);

    rt::Task<Result<store::tenants::Login>> check_password(
        Context& context, std::string email, Secret password
    );
    rt::Task<Result<void>> make_tenant(store::tenants::Owner owner, pg::Batch finish, rt::Deadline by);

    Environment& env_;
    crypto::PasswordHasher& hasher_;
    crypto::KeyWrapper& shared_master_;
    LoginLimit logins_;
    rate::Limiter claims_;
};

}  // namespace weft::control
