#include "platform/crypto/password.h"

#include "platform/rt/loop.h"

#include <sodium.h>

#include <array>

namespace weft::crypto {

namespace {

class Running {
  public:
    explicit Running(int& count) : count_(count) { ++count_; }
    ~Running() { --count_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

  private:
    int& count_;
};

Error busy() {
    return Error::unavailable("Too many sign-ins at once; try again in a moment");
}

struct HashWork {
    std::string_view password;
    unsigned passes;
    std::size_t memory_bytes;

    std::string operator()() const {
        std::array<char, crypto_pwhash_STRBYTES> out{};
        int bad = crypto_pwhash_str_alg(
            out.data(), password.data(), password.size(), passes, memory_bytes, crypto_pwhash_ALG_ARGON2ID13
        );
        return bad != 0 ? std::string() : std::string(out.data());
    }
};

struct VerifyWork {
    std::string_view stored;
    std::string_view password;

    bool operator()() const {
        // libsodium wants the whole array, zero-filled.
        std::array<char, crypto_pwhash_STRBYTES> padded{};
        if (stored.size() >= padded.size()) return false;
        stored.copy(padded.data(), stored.size());
        return crypto_pwhash_str_verify(padded.data(), password.data(), password.size()) == 0;
    }
};

}  // namespace

rt::Task<Result<std::string>> PasswordHasher::hash(Secret password) {
    if (running_ >= options_.concurrent_max) co_return fail(busy());
    Running running(running_);
    HashWork work{password.reveal(), options_.passes, options_.memory_bytes};
    std::string out = co_await rt::on_pool(work);
    if (out.empty())
        co_return fail(Error::unavailable("The password cannot be hashed", "no memory for argon2id"));
    co_return out;
}

rt::Task<Result<bool>> PasswordHasher::verify(std::string stored, Secret password) {
    if (running_ >= options_.concurrent_max) co_return fail(busy());
    Running running(running_);
    VerifyWork work{stored, password.reveal()};
    co_return co_await rt::on_pool(work);
}

rt::Task<Result<bool>> PasswordHasher::verify_absent(Secret password) {
    if (absent_.empty()) {
        std::string nobody(32, '\0');
        randombytes_buf(nobody.data(), nobody.size());
        Secret unknown(std::move(nobody));
        CO_TRY(absent_, co_await hash(std::move(unknown)));
    }
    CO_CHECK_OK(co_await verify(absent_, std::move(password)));
    co_return false;
}

}  // namespace weft::crypto
