#include "graphql/serve/detail/signature.h"

#include "base/bytes.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <utility>

namespace weft::graphql::detail {

namespace {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* it) const {
        Free(it);
    }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

enum class Family { kHmac, kRsa, kEcdsa, kEd25519 };
struct Algorithm {
    std::string_view name;  // in the configuration
    std::string_view token_name;
    Family family;
    const EVP_MD* (*digest)();
    int key_type;
};
const EVP_MD* no_digest() {
    return nullptr;
}
constexpr Algorithm kAlgorithms[] = {
    {"HS256", "HS256", Family::kHmac, EVP_sha256, 0},
    {"HS384", "HS384", Family::kHmac, EVP_sha384, 0},
    {"HS512", "HS512", Family::kHmac, EVP_sha512, 0},
    {"RS256", "RS256", Family::kRsa, EVP_sha256, EVP_PKEY_RSA},
    {"RS384", "RS384", Family::kRsa, EVP_sha384, EVP_PKEY_RSA},
    {"RS512", "RS512", Family::kRsa, EVP_sha512, EVP_PKEY_RSA},
    {"ES256", "ES256", Family::kEcdsa, EVP_sha256, EVP_PKEY_EC},
    {"EdDSA", "EdDSA", Family::kEd25519, no_digest, EVP_PKEY_ED25519},
    {"Ed25519", "EdDSA", Family::kEd25519, no_digest, EVP_PKEY_ED25519},
};
constexpr int kRsaBitsMin = 2'048;
constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kEs256HalfBytes = 32;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Key read_pem(std::string_view text) {
    Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    if (text.contains("-----BEGIN CERTIFICATE")) {
        Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        return certificate ? Key(X509_get_pubkey(certificate.get())) : Key();
    }
    return Key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
}

Key read_key(const Algorithm& algorithm, std::string_view text) {
    if (text.contains("-----BEGIN")) return read_pem(text);
    if (algorithm.family != Family::kEd25519) return nullptr;
    const auto raw = from_base64url(text);
    if (!raw || raw->size() != kEd25519KeyBytes) return nullptr;
    return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*raw), raw->size()));
}

/// r and s side by side, as JWS has them, to the form that OpenSSL reads.
std::string to_der(std::string_view signature) {
    if (signature.size() != 2 * kEs256HalfBytes) return "";
    EcdsaSignature parts(ECDSA_SIG_new());
    BIGNUM* r = BN_bin2bn(bytes_of(signature), kEs256HalfBytes, nullptr);
    BIGNUM* s = BN_bin2bn(bytes_of(signature.substr(kEs256HalfBytes)), kEs256HalfBytes, nullptr);
    if (ECDSA_SIG_set0(parts.get(), r, s) != 1) return "";
    unsigned char* der = nullptr;
    const int length = i2d_ECDSA_SIG(parts.get(), &der);
    if (length <= 0) return "";
    std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
    OPENSSL_free(der);
    return out;
}

}  // namespace

struct SignatureKey::Impl {
    std::string algorithm;
    const Algorithm* kind = nullptr;
    std::string secret;
    Key key;
};

SignatureKey::SignatureKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SignatureKey::SignatureKey(SignatureKey&&) noexcept = default;
SignatureKey& SignatureKey::operator=(SignatureKey&&) noexcept = default;
SignatureKey::~SignatureKey() = default;

Result<SignatureKey> SignatureKey::make(std::string_view algorithm, std::string_view key) {
    const auto* kind = std::ranges::find(kAlgorithms, algorithm, &Algorithm::name);
    if (kind == std::end(kAlgorithms)) {
        return fail(Error::invalid("Key type: " + std::string(algorithm) + " is not supported", "type"));
    }
    auto impl = std::make_unique<Impl>();
    impl->algorithm = kind->token_name;
    impl->kind = kind;
    if (kind->family == Family::kHmac) {
        const auto bytes_min = static_cast<std::size_t>(EVP_MD_get_size(kind->digest()));
        if (key.size() < bytes_min) {
            return fail(
                Error::invalid("the key must have at least " + std::to_string(bytes_min) + " bytes", "key")
            );
        }
        impl->secret = key;
        return SignatureKey(std::move(impl));
    }
    impl->key = read_key(*kind, key);
    if (!impl->key || EVP_PKEY_get_base_id(impl->key.get()) != kind->key_type) {
        return fail(Error::invalid("the key is not a public key for " + std::string(algorithm), "key"));
    }
    if (kind->family == Family::kRsa && EVP_PKEY_get_bits(impl->key.get()) < kRsaBitsMin) {
        return fail(Error::invalid("an RSA key must have at least 2048 bits", "key"));
    }
    return SignatureKey(std::move(impl));
}

const std::string& SignatureKey::algorithm() const {
    return impl_->algorithm;
}

bool SignatureKey::verify(std::string_view text, std::string_view signature) const {
    const Algorithm& kind = *impl_->kind;
    if (kind.family == Family::kHmac) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned length = 0;
        const std::string& secret = impl_->secret;
        const auto key_length = static_cast<int>(secret.size());
        HMAC(kind.digest(), secret.data(), key_length, bytes_of(text), text.size(), digest.data(), &length);
        return equal_constant_time({reinterpret_cast<const char*>(digest.data()), length}, signature);
    }
    const std::string der = kind.family == Family::kEcdsa ? to_der(signature) : std::string(signature);
    if (der.empty()) return false;
    Context context(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit(context.get(), nullptr, kind.digest(), nullptr, impl_->key.get()) != 1)
        return false;
    return EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace weft::graphql::detail
