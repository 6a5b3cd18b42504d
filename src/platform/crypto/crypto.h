#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/random.h"
#include "base/secret.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace weft::crypto {

/// Of every key here, symmetric, public or private.
inline constexpr std::size_t kKeyBytes = 32;

/// Once, before anything else here. Fails only on a broken system.
Result<void> init();

/// 32 raw bytes.
std::string sha256(std::string_view data);
/// The same of what comes piece by piece.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void add(std::string_view data);
    /// 32 raw bytes; the last call.
    std::string finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};
/// HMAC-SHA256 of what comes piece by piece.
class HmacSha256 {
  public:
    explicit HmacSha256(std::string_view key);
    ~HmacSha256();
    HmacSha256(HmacSha256&&) noexcept;
    HmacSha256& operator=(HmacSha256&&) noexcept;
    void add(std::string_view data);
    /// 32 raw bytes; the last call.
    std::string finish();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// 32 raw bytes. Compare with `equal_constant_time`.
std::string hmac_sha256(std::string_view key, std::string_view data);
/// 20 raw bytes. For other systems' signatures that still use it, and for nothing of ours.
std::string hmac_sha1(std::string_view key, std::string_view data);

/// "weft_" and 256 random bits as base64url: API tokens, sessions, claim links. Store only `sha256` of it.
Secret make_token(Rng& rng);
/// `count` random bytes.
Secret random_bytes(Rng& rng, std::size_t count);

/// Additional authenticated data: what a sealed value belongs to. Parts are length-prefixed, so that ("ab",
/// "c") and ("a", "bc") differ. A value opens only with exactly the parts it was sealed with; the order for
/// stored values is tenant, object, field, version, purpose.
class Aad {
  public:
    Aad(std::initializer_list<std::string_view> parts);
    std::string_view bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

/// A 256-bit key and the id that sealed values name it by.
struct SymmetricKey {
    Uuid id;
    Secret bytes;

    static SymmetricKey generate(Uuid id, Rng& rng);
};

/// X25519. The public half may go anywhere.
struct PublicKey {
    Uuid id;
    std::string bytes;  // 32
};
struct PrivateKey {
    Uuid id;
    Secret bytes;  // 32

    PublicKey public_key() const;
    static PrivateKey generate(Uuid id, Rng& rng);
};

/// XChaCha20-Poly1305 with a random nonce: `1 | key id 16 | nonce 24 | ciphertext and tag`. Nonces come from
/// the kernel, never from an injected Rng: a repeated one would break the cipher.
std::string seal(const SymmetricKey& key, std::string_view plaintext, const Aad& aad);
/// Errors: kInvalid for a value that is malformed, changed, sealed with another key or for another `aad`.
Result<Secret> open(const SymmetricKey& key, std::string_view sealed, const Aad& aad);

/// To whoever holds the private half; the sealer cannot open it again. Ephemeral X25519, BLAKE2b,
/// XChaCha20-Poly1305: `2 | key id 16 | ephemeral public key 32 | ciphertext and tag`.
Result<std::string> seal_to(const PublicKey& key, std::string_view plaintext, const Aad& aad);
Result<Secret> open_with(const PrivateKey& key, std::string_view sealed, const Aad& aad);

/// Which key a sealed value (of either kind) names: to look the key up before opening.
Result<Uuid> key_id_of(std::string_view sealed);

/// Wraps tenant keys with a key that this process need not hold: a file now; the seam for a KMS or Vault.
class KeyWrapper {
  public:
    virtual ~KeyWrapper() = default;
    virtual rt::Task<Result<std::string>> wrap(Secret key, Aad aad, rt::Deadline by) = 0;
    /// Errors: kInvalid (not wrapped by us, changed, or another `aad`), kUnavailable.
    virtual rt::Task<Result<Secret>> unwrap(std::string wrapped, Aad aad, rt::Deadline by) = 0;
};

/// A master key's file: lines of `<key id> <base64>`, the first wraps, all unwrap. Creates it when absent,
/// mode 0600 (atomically; two processes that race agree on one key) and returns its text. Refuses a file that
/// is not ours, not regular, or readable by others.
Result<Secret> read_key_file(const std::string& path, Rng& rng);

/// Wraps with the keys of such a text, which are kept in locked memory. kInvalid when it is damaged.
Result<std::unique_ptr<KeyWrapper>> make_key_wrapper(const Secret& key_file_text);

/// Makes this process unreadable to others of its user: not dumpable, no core files. Call it after the
/// zygote was started: a non-dumpable parent's /proc entries belong to root. `sodium_malloc` locks keys.
Result<void> harden_process();

}  // namespace weft::crypto
