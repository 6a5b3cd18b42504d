// The low-level functions of libcrypto alone: they are 70 KB, and EVP would bring its providers along.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "app/runner/detail/functions.h"
#include "base/bytes.h"
#include "base/utf8.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace weft::runner::library {

namespace {

struct Encoding {
    std::string_view name;
    std::string (*encode)(std::string_view bytes);
    std::optional<std::string> (*decode)(std::string_view text);
};
constexpr std::array kEncodings{
    Encoding{"hex", hex, from_hex},
    Encoding{"base64", base64, from_base64},
    Encoding{"base64url", base64url, from_base64url},
};

/// The library asks with names that it has checked.
const Encoding& encoding(std::string_view name) {
    const auto* found = std::ranges::find(kEncodings, name, &Encoding::name);
    return found == kEncodings.end() ? kEncodings.front() : *found;
}

/// Without blanks and line breaks, which mails and certificates have, and with the padding of the kind.
std::string tidied(std::string_view name, const std::string& text) {
    std::string out;
    for (const char c : text)
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') out += c;
    if (name == "hex") return out;
    while (out.ends_with('=')) out.pop_back();
    if (name == "base64") out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

Answer decoded(const std::string& name, const std::string& text) {
    if (auto bytes = encoding(name).decode(tidied(name, text))) return std::move(*bytes);
    return fail(Error::invalid("text is not " + name + ": \"" + text.substr(0, 40) + "\""));
}

Answer encode(Arguments given) {
    return encoding(given[0]).encode(given[1]);
}

Answer recode(Arguments given) {
    TRY(const std::string bytes, decoded("base64", given[0]));
    return encoding(given[1]).encode(bytes);
}

Answer decode(Arguments given) {
    TRY(std::string bytes, decoded(given[0], given[1]));
    if (utf8::is_valid(bytes)) return bytes;
    return fail(Error::invalid("what is decoded is no text (UTF-8); toBytes gives its bytes"));
}

Answer bytes(Arguments given) {
    TRY(const std::string out, decoded(given[0], given[1]));
    return base64(out);
}

template <class Context, auto kInit, auto kUpdate, auto kFinal, std::size_t kSize>
std::string digest_by(std::string_view bytes) {
    Context context;
    std::string out(kSize, '\0');
    kInit(&context);
    kUpdate(&context, bytes.data(), bytes.size());
    kFinal(reinterpret_cast<unsigned char*>(out.data()), &context);
    return out;
}

struct Digest {
    std::string_view name;
    std::size_t block;  // of HMAC
    std::string (*of)(std::string_view bytes);
};
constexpr std::array kDigests{
    Digest{"md5", 64, digest_by<MD5_CTX, MD5_Init, MD5_Update, MD5_Final, 16>},
    Digest{"sha1", 64, digest_by<SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final, 20>},
    Digest{"sha256", 64, digest_by<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, 32>},
    Digest{"sha384", 128, digest_by<SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final, 48>},
    Digest{"sha512", 128, digest_by<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final, 64>},
};

const Digest& digest_named(std::string_view name) {
    const auto* found = std::ranges::find(kDigests, name, &Digest::name);
    return found == kDigests.end() ? kDigests[2] : *found;
}

/// name, bytes in base64, encoding
Answer digest(Arguments given) {
    TRY(const std::string value, decoded("base64", given[1]));
    return encoding(given[2]).encode(digest_named(given[0]).of(value));
}

/// name, key and bytes in base64, encoding (RFC 2104)
Answer hmac(Arguments given) {
    const Digest& digest = digest_named(given[0]);
    TRY(std::string key, decoded("base64", given[1]));
    TRY(const std::string value, decoded("base64", given[2]));
    if (key.size() > digest.block) key = digest.of(key);
    key.resize(digest.block, '\0');
    std::string inner = key;
    std::string outer = std::move(key);
    for (char& c : inner) c = static_cast<char>(c ^ 0x36);
    for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
    return encoding(given[3]).encode(digest.of(outer + digest.of(inner + value)));
}

Answer random_digits(Arguments) {
    std::array<char, 16> bits{};
    if (getrandom(bits.data(), bits.size(), 0) != static_cast<ssize_t>(bits.size())) std::abort();
    return hex({bits.data(), bits.size()});
}

constexpr std::array kBytes{
    Function{"encode", 2, encode},
    Function{"recode", 2, recode},
    Function{"decode", 2, decode},
    Function{"bytes", 2, bytes},
    Function{"digest", 3, digest},
    Function{"hmac", 4, hmac},
    Function{"random", 0, random_digits},
};

}  // namespace

std::span<const Function> functions_of_bytes() {
    return kBytes;
}

}  // namespace weft::runner::library
