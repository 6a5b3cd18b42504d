#include "platform/crypto/crypto.h"

#include "base/bytes.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sodium.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cstring>

namespace weft::crypto {

namespace {

constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kIdBytes;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr char kVersionSymmetric = 1;
constexpr char kVersionSealTo = 2;
static_assert(kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kKeyBytes == crypto_scalarmult_BYTES && kKeyBytes == crypto_scalarmult_SCALARBYTES);

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

void append_length(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

std::string head_of(char version, const Uuid& id) {
    std::string head(1, version);
    head.append(reinterpret_cast<const char*>(id.bytes.data()), kIdBytes);
    return head;
}

/// What the tag covers besides the ciphertext: version and key id too, so that neither can be swapped.
std::string covered(std::string_view head, const Aad& aad) {
    std::string out(head);
    out += aad.bytes();
    return out;
}

/// Encrypts onto the end of `out`.
void encrypt(
    std::string& out,
    std::string_view plaintext,
    std::string_view ad,
    std::string_view nonce,
    std::string_view key
) {
    std::size_t at = out.size();
    out.resize(at + plaintext.size() + kTagBytes);
    unsigned long long written = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        raw(out) + at,
        &written,
        raw(plaintext),
        plaintext.size(),
        raw(ad),
        ad.size(),
        nullptr,
        raw(nonce),
        raw(key)
    );
}

Result<Secret> decrypt(
    std::string_view ciphertext, std::string_view ad, std::string_view nonce, std::string_view key
) {
    if (ciphertext.size() < kTagBytes) return fail(Error::invalid("A sealed value is malformed"));
    std::string plaintext(ciphertext.size() - kTagBytes, '\0');
    unsigned long long written = 0;
    int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        raw(plaintext),
        &written,
        nullptr,
        raw(ciphertext),
        ciphertext.size(),
        raw(ad),
        ad.size(),
        raw(nonce),
        raw(key)
    );
    if (bad != 0)
        return fail(Error::invalid("A sealed value does not open: changed, or meant for another place"));
    return Secret(std::move(plaintext));
}

Result<void> check_head(std::string_view sealed, char version, const Uuid& id, std::size_t bytes_min) {
    if (sealed.size() < bytes_min || sealed[0] != version)
        return fail(Error::invalid("A sealed value is malformed"));
    if (sealed.substr(0, kHeadBytes) != head_of(version, id))
        return fail(Error::invalid("A sealed value was sealed with another key"));
    return {};
}

/// Key and nonce for one message. Both public keys go in, so that a derived key names its two ends; the nonce
/// may be derived because no two messages share an ephemeral key.
struct MessageKey {
    std::array<unsigned char, kKeyBytes + kNonceBytes> bytes{};
    ~MessageKey() { sodium_memzero(bytes.data(), bytes.size()); }
    std::string_view key() const { return {reinterpret_cast<const char*>(bytes.data()), kKeyBytes}; }
    std::string_view nonce() const {
        return {reinterpret_cast<const char*>(bytes.data()) + kKeyBytes, kNonceBytes};
    }
};

bool derive(
    MessageKey& out,
    std::string_view scalar,
    std::string_view point,
    std::string_view ephemeral,
    std::string_view recipient
) {
    std::array<unsigned char, crypto_scalarmult_BYTES> shared{};
    // Fails for a point of small order, whose shared secret everybody would know.
    if (crypto_scalarmult(shared.data(), raw(scalar), raw(point)) != 0) return false;
    constexpr std::string_view kPurpose = "weft seal_to 2";
    crypto_generichash_state state;
    crypto_generichash_init(&state, nullptr, 0, out.bytes.size());
    crypto_generichash_update(&state, raw(kPurpose), kPurpose.size());
    crypto_generichash_update(&state, shared.data(), shared.size());
    crypto_generichash_update(&state, raw(ephemeral), ephemeral.size());
    crypto_generichash_update(&state, raw(recipient), recipient.size());
    crypto_generichash_final(&state, out.bytes.data(), out.bytes.size());
    sodium_memzero(shared.data(), shared.size());
    sodium_memzero(&state, sizeof state);
    return true;
}

std::string random_string(std::size_t count) {
    std::string out(count, '\0');
    randombytes_buf(out.data(), out.size());
    return out;
}

}  // namespace

Result<void> init() {
    if (sodium_init() < 0) return fail(Error::internal("sodium_init failed"));
    return {};
}

std::string sha256(std::string_view data) {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(raw(out), raw(data), data.size());
    return out;
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
    std::string out(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, raw(key), key.size());
    crypto_auth_hmacsha256_update(&state, raw(data), data.size());
    crypto_auth_hmacsha256_final(&state, raw(out));
    sodium_memzero(&state, sizeof state);
    return out;
}

std::string hmac_sha1(std::string_view key, std::string_view data) {
    std::string out(SHA_DIGEST_LENGTH, '\0');
    unsigned int size = 0;
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), raw(data), data.size(), raw(out), &size);
    return out;
}

Secret random_bytes(Rng& rng, std::size_t count) {
    std::string out(count, '\0');
    rng.fill(std::as_writable_bytes(std::span(out.data(), out.size())));
    return Secret(std::move(out));
}

Secret make_token(Rng& rng) {
    Secret bytes = random_bytes(rng, 32);
    return Secret("weft_" + base64url(bytes.reveal()));
}

Aad::Aad(std::initializer_list<std::string_view> parts) {
    append_length(bytes_, parts.size());
    for (auto part : parts) {
        append_length(bytes_, part.size());
        bytes_ += part;
    }
}

SymmetricKey SymmetricKey::generate(Uuid id, Rng& rng) {
    return {id, random_bytes(rng, kKeyBytes)};
}

PrivateKey PrivateKey::generate(Uuid id, Rng& rng) {
    return {id, random_bytes(rng, kKeyBytes)};
}

PublicKey PrivateKey::public_key() const {
    std::string out(kKeyBytes, '\0');
    crypto_scalarmult_base(raw(out), raw(bytes.reveal()));
    return {id, std::move(out)};
}

std::string seal(const SymmetricKey& key, std::string_view plaintext, const Aad& aad) {
    std::string out = head_of(kVersionSymmetric, key.id);
    std::string ad = covered(out, aad);
    std::string nonce = random_string(kNonceBytes);
    out.reserve(kHeadBytes + kNonceBytes + plaintext.size() + kTagBytes);
    out += nonce;
    encrypt(out, plaintext, ad, nonce, key.bytes.reveal());
    return out;
}

Result<Secret> open(const SymmetricKey& key, std::string_view sealed, const Aad& aad) {
    CHECK_OK(check_head(sealed, kVersionSymmetric, key.id, kHeadBytes + kNonceBytes + kTagBytes));
    std::string ad = covered(sealed.substr(0, kHeadBytes), aad);
    return decrypt(
        sealed.substr(kHeadBytes + kNonceBytes),
        ad,
        sealed.substr(kHeadBytes, kNonceBytes),
        key.bytes.reveal()
    );
}

Result<std::string> seal_to(const PublicKey& key, std::string_view plaintext, const Aad& aad) {
    if (key.bytes.size() != kKeyBytes) return fail(Error::invalid("A public key has the wrong length"));
    Secret scalar(random_string(kKeyBytes));
    std::string ephemeral(kKeyBytes, '\0');
    crypto_scalarmult_base(raw(ephemeral), raw(scalar.reveal()));
    MessageKey message;
    if (!derive(message, scalar.reveal(), key.bytes, ephemeral, key.bytes))
        return fail(Error::invalid("A public key is not usable"));
    std::string out = head_of(kVersionSealTo, key.id);
    std::string ad = covered(out, aad);
    out.reserve(kHeadBytes + kKeyBytes + plaintext.size() + kTagBytes);
    out += ephemeral;
    encrypt(out, plaintext, ad, message.nonce(), message.key());
    return out;
}

Result<Secret> open_with(const PrivateKey& key, std::string_view sealed, const Aad& aad) {
    CHECK_OK(check_head(sealed, kVersionSealTo, key.id, kHeadBytes + kKeyBytes + kTagBytes));
    auto ephemeral = sealed.substr(kHeadBytes, kKeyBytes);
    MessageKey message;
    if (!derive(message, key.bytes.reveal(), ephemeral, ephemeral, key.public_key().bytes))
        return fail(Error::invalid("A sealed value is malformed"));
    std::string ad = covered(sealed.substr(0, kHeadBytes), aad);
    return decrypt(sealed.substr(kHeadBytes + kKeyBytes), ad, message.nonce(), message.key());
}

Result<Uuid> key_id_of(std::string_view sealed) {
    bool is_known = !sealed.empty() && (sealed[0] == kVersionSymmetric || sealed[0] == kVersionSealTo);
    if (!is_known || sealed.size() < kHeadBytes + kNonceBytes + kTagBytes)
        return fail(Error::invalid("A sealed value is malformed"));
    Uuid id;
    std::memcpy(id.bytes.data(), sealed.data() + 1, kIdBytes);
    return id;
}

Result<void> harden_process() {
    rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0) return fail(Error::internal("RLIMIT_CORE cannot be set"));
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return fail(Error::internal("PR_SET_DUMPABLE cannot be set"));
    return {};
}

}  // namespace weft::crypto
