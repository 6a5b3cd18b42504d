#include "platform/crypto/crypto.h"

#include "base/bytes.h"
#include "platform/crypto/password.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace weft::crypto {
namespace {

class CryptoTest : public ::testing::Test {
  protected:
    CryptoTest() { EXPECT_TRUE(init()); }
    SeededRng rng_{42};
    Uuid id_ = Uuid::parse("01890a5d-ac96-774b-bcce-b302099a8057").value();
};

using Digest = CryptoTest;

TEST_F(Digest, MatchesPublishedVectors) {
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    // RFC 4231, cases 1, 2 and 6 (a key longer than the block).
    EXPECT_EQ(
        hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
    EXPECT_EQ(
        hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    EXPECT_EQ(
        hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

// RFC 2202, cases 1, 2 and 6.
TEST_F(CryptoTest, HmacSha1IsTheStandards) {
    EXPECT_EQ(
        hex(hmac_sha1(std::string(20, '\x0b'), "Hi There")), "b617318655057264e28bc0b6fb378c8ef146be00"
    );
    EXPECT_EQ(
        hex(hmac_sha1("Jefe", "what do ya want for nothing?")), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
    );
    EXPECT_EQ(
        hex(hmac_sha1(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
        "aa4ae5e15272d00e95705637ce8a3b55ed402112"
    );
}

using Token = CryptoTest;

TEST_F(Token, IsLongAndUnlikeTheNext) {
    SystemRng rng;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        Secret token = make_token(rng);
        EXPECT_THAT(std::string(token.reveal()), ::testing::MatchesRegex("weft_[A-Za-z0-9_-]{43}"));
        seen.emplace(token.reveal());
    }
    EXPECT_EQ(seen.size(), 100u);
}

const Aad kAad{"tenant-a", "connection-1", "password", "3", "vault"};

/// Every place a value could be moved to: each part changed alone, parts merged, cut and reordered.
std::vector<Aad> other_places() {
    return {
        {"tenant-b", "connection-1", "password", "3", "vault"},
        {"tenant-a", "connection-2", "password", "3", "vault"},
        {"tenant-a", "connection-1", "username", "3", "vault"},
        {"tenant-a", "connection-1", "password", "4", "vault"},
        {"tenant-a", "connection-1", "password", "3", "data"},
        {"tenant-a", "connection-1", "password", "3"},
        {"tenant-a", "connection-1", "password", "3", "vault", ""},
        {"tenant-a", "connection-1password", "", "3", "vault"},
        {"connection-1", "tenant-a", "password", "3", "vault"},
        {"tenant-aconnection-1password3vault"},
        {},
    };
}

TEST_F(CryptoTest, SymmetricSealOpensOnlyWhereItBelongs) {
    auto key = SymmetricKey::generate(id_, rng_);
    for (std::string plaintext : {"", "x", "a longer secret value"}) {
        std::string sealed = seal(key, plaintext, kAad);
        EXPECT_EQ(sealed.size(), 1 + 16 + 24 + plaintext.size() + 16);
        EXPECT_EQ(sealed[0], 1);
        EXPECT_EQ(key_id_of(sealed).value(), id_);
        auto opened = open(key, sealed, kAad);
        ASSERT_TRUE(opened);
        EXPECT_EQ(opened->reveal(), plaintext);
        for (const auto& aad : other_places()) EXPECT_FALSE(open(key, sealed, aad));
    }
    EXPECT_NE(seal(key, "x", kAad), seal(key, "x", kAad));  // a fresh nonce each time
}

TEST_F(CryptoTest, AChangedByteAnywhereFailsToOpen) {
    auto key = SymmetricKey::generate(id_, rng_);
    auto pair = PrivateKey::generate(id_, rng_);
    std::string sealed = seal(key, "secret", kAad);
    std::string sealed_to = seal_to(pair.public_key(), "secret", kAad).value();
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string bad = sealed;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        EXPECT_FALSE(open(key, bad, kAad)) << i;
        EXPECT_FALSE(open(key, sealed.substr(0, i), kAad)) << i;
    }
    for (std::size_t i = 0; i < sealed_to.size(); ++i) {
        std::string bad = sealed_to;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        EXPECT_FALSE(open_with(pair, bad, kAad)) << i;
        EXPECT_FALSE(open_with(pair, sealed_to.substr(0, i), kAad)) << i;
    }
    EXPECT_FALSE(open(key, sealed + "x", kAad));
    EXPECT_FALSE(open_with(pair, sealed_to + "x", kAad));
    EXPECT_TRUE(open(key, sealed, kAad));  // the control: unchanged it opens
    EXPECT_TRUE(open_with(pair, sealed_to, kAad));
}

TEST_F(CryptoTest, SealToOpensOnlyWithThePrivateHalfAndInItsPlace) {
    auto pair = PrivateKey::generate(id_, rng_);
    auto stranger = PrivateKey::generate(id_, rng_);
    std::string sealed = seal_to(pair.public_key(), "secret", kAad).value();
    EXPECT_EQ(sealed.size(), 1 + 16 + 32 + 6 + 16u);
    EXPECT_EQ(key_id_of(sealed).value(), id_);
    EXPECT_EQ(open_with(pair, sealed, kAad).value().reveal(), "secret");
    EXPECT_FALSE(open_with(stranger, sealed, kAad));
    for (const auto& aad : other_places()) EXPECT_FALSE(open_with(pair, sealed, aad));
    EXPECT_NE(sealed, seal_to(pair.public_key(), "secret", kAad).value());
    SymmetricKey confused{id_, pair.bytes};
    EXPECT_FALSE(open(confused, sealed, kAad));  // the kinds cannot be mixed up
}

TEST_F(CryptoTest, AnotherKeyOrKeyIdFailsToOpen) {
    auto key = SymmetricKey::generate(id_, rng_);
    std::string sealed = seal(key, "secret", kAad);
    EXPECT_FALSE(open(SymmetricKey::generate(id_, rng_), sealed, kAad));
    Uuid other = id_;
    other.bytes[0] ^= 1;
    EXPECT_FALSE(open(SymmetricKey{other, key.bytes}, sealed, kAad));
}

TEST_F(CryptoTest, RefusesUnusablePublicKeys) {
    EXPECT_FALSE(seal_to(PublicKey{id_, std::string(32, '\0')}, "x", kAad));  // small order
    EXPECT_FALSE(seal_to(PublicKey{id_, "short"}, "x", kAad));
    auto pair = PrivateKey::generate(id_, rng_);
    std::string sealed = seal_to(pair.public_key(), "x", kAad).value();
    sealed.replace(17, 32, std::string(32, '\0'));
    EXPECT_FALSE(open_with(pair, sealed, kAad));
    EXPECT_FALSE(key_id_of(""));
    EXPECT_FALSE(key_id_of(std::string(100, '\x07')));
}

TEST_F(CryptoTest, PublicHalvesMatchRfc7748) {
    PrivateKey alice{
        id_, Secret(*from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
    };
    EXPECT_EQ(
        hex(alice.public_key().bytes), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    );
}

// --- master key file --------------------------------------------------------------------------------------

Result<std::unique_ptr<KeyWrapper>> open_wrapper(const std::string& path, Rng& rng) {
    TRY(Secret text, read_key_file(path, rng));
    return make_key_wrapper(text);
}

class KeyFileTest : public CryptoTest {
  protected:
    KeyFileTest() {
        folder_ = std::filesystem::temp_directory_path() / ("weft-key-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        path_ = (folder_ / "master.key").string();
    }
    ~KeyFileTest() override { std::filesystem::remove_all(folder_); }

    std::string wrap(KeyWrapper& wrapper, std::string text) {
        return loop_.run_until_done(wrapper.wrap(Secret(std::move(text)), kAad, rt::Deadline::in(1s)))
            .value();
    }
    Result<Secret> unwrap(KeyWrapper& wrapper, std::string wrapped, Aad aad = kAad) {
        return loop_.run_until_done(wrapper.unwrap(std::move(wrapped), std::move(aad), rt::Deadline::in(1s)));
    }
    std::string refusal() {
        auto opened = open_wrapper(path_, system_);
        return opened ? "" : opened.error().user;
    }

    rt::Loop loop_;
    SystemRng system_;
    std::filesystem::path folder_;
    std::string path_;
};

TEST_F(KeyFileTest, IsCreatedPrivateAndServesAgain) {
    auto first = open_wrapper(path_, system_).value();
    struct stat info{};
    ASSERT_EQ(::stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, 0600u);
    std::string wrapped = wrap(*first, "tenant key");
    auto second = open_wrapper(path_, system_).value();
    EXPECT_EQ(unwrap(*second, wrapped)->reveal(), "tenant key");
    EXPECT_FALSE(unwrap(*second, wrapped, Aad{"tenant-b"}));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);  // no temporary left
}

TEST_F(KeyFileTest, RefusesLoosePermissionsAndStrangeFiles) {
    ASSERT_TRUE(open_wrapper(path_, system_));
    for (mode_t mode : {0640, 0604, 0660, 0644}) {
        ::chmod(path_.c_str(), mode);
        EXPECT_THAT(refusal(), ::testing::HasSubstr("chmod 600")) << std::oct << mode;
    }
    ::chmod(path_.c_str(), 0600);
    EXPECT_EQ(refusal(), "");
    std::filesystem::rename(path_, path_ + ".real");
    std::filesystem::create_symlink(path_ + ".real", path_);
    EXPECT_NE(refusal(), "");
    std::filesystem::remove(path_);
    std::filesystem::create_directory(path_);
    EXPECT_NE(refusal(), "");
    std::filesystem::remove(path_);
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    EXPECT_NE(refusal(), "");
}

TEST_F(KeyFileTest, RefusesADamagedFileAndNeverOverwritesIt) {
    for (const char* text :
         {"", "# only a comment\n", "nonsense\n", "01890a5d-ac96-774b-bcce-b302099a8057 AAAA\n"}) {
        std::ofstream(path_) << text;
        ::chmod(path_.c_str(), 0600);
        EXPECT_NE(refusal(), "") << text;
        std::ifstream in(path_);
        std::string now((std::istreambuf_iterator<char>(in)), {});
        EXPECT_EQ(now, text);
    }
}

TEST_F(KeyFileTest, ANewFirstLineRotatesAndOldWrapsStillOpen) {
    auto old = open_wrapper(path_, system_).value();
    std::string wrapped = wrap(*old, "tenant key");
    std::ifstream in(path_);
    std::string before((std::istreambuf_iterator<char>(in)), {});
    in.close();
    std::ofstream(path_) << "01890a5d-ac96-774b-bcce-b302099a8057 " << base64(std::string(32, 'k')) << "\n"
                         << before;
    auto rotated = open_wrapper(path_, system_).value();
    EXPECT_EQ(unwrap(*rotated, wrapped)->reveal(), "tenant key");
    std::string rewrapped = wrap(*rotated, "tenant key");
    EXPECT_EQ(key_id_of(rewrapped)->text(), "01890a5d-ac96-774b-bcce-b302099a8057");
    EXPECT_FALSE(unwrap(*old, rewrapped));
}

TEST_F(KeyFileTest, ProcessesThatRaceAgreeOnOneKey) {
    std::vector<pid_t> children;
    for (int i = 0; i < 8; ++i) {
        pid_t child = ::fork();
        if (child == 0) {
            SystemRng rng;
            auto opened = open_wrapper(path_, rng);
            ::_exit(opened ? 0 : 1);
        }
        children.push_back(child);
    }
    for (pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    std::ifstream in(path_);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);  // title and one key
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(CryptoTest, HardeningForbidsDumpsAndCores) {
    pid_t child = ::fork();
    if (child == 0) {
        bool is_done = harden_process().has_value();
        rlimit core{};
        ::getrlimit(RLIMIT_CORE, &core);
        ::_exit(is_done && ::prctl(PR_GET_DUMPABLE) == 0 && core.rlim_max == 0 ? 0 : 1);
    }
    int status = 1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

// --- passwords --------------------------------------------------------------------------------------------

class PasswordTest : public CryptoTest {
  protected:
    rt::Loop loop_;
    PasswordHasher hasher_;
};

TEST_F(PasswordTest, HashesWithTheStatedParametersAndVerifies) {
    std::string stored = loop_.run_until_done(hasher_.hash(Secret("correct horse"))).value();
    EXPECT_THAT(stored, ::testing::StartsWith("$argon2id$v=19$m=47104,t=1,p=1$"));
    EXPECT_TRUE(loop_.run_until_done(hasher_.verify(stored, Secret("correct horse"))).value());
    EXPECT_FALSE(loop_.run_until_done(hasher_.verify(stored, Secret("wrong horse"))).value());
    EXPECT_FALSE(loop_.run_until_done(hasher_.verify("nonsense", Secret("x"))).value());
    EXPECT_FALSE(loop_.run_until_done(hasher_.verify(std::string(500, '$'), Secret("x"))).value());
    EXPECT_FALSE(loop_.run_until_done(hasher_.verify_absent(Secret("x"))).value());
    EXPECT_NE(stored, loop_.run_until_done(hasher_.hash(Secret("correct horse"))).value());
}

rt::Task<void> hash_into(PasswordHasher& hasher, std::vector<Code>& out) {
    auto hashed = co_await hasher.hash(Secret("x"));
    out.push_back(hashed ? Code::kInvalid : hashed.error().code);
}

TEST_F(PasswordTest, RefusesMoreThanTheStatedNumberAtOnce) {
    rt::Scope scope(loop_);
    std::vector<Code> seen;
    for (int i = 0; i < 12; ++i) scope.spawn(hash_into(hasher_, seen));
    loop_.run_until_done(scope.join());
    EXPECT_EQ(std::ranges::count(seen, Code::kUnavailable), 4);
    EXPECT_EQ(seen.size(), 12u);
    seen.clear();
    scope.spawn(hash_into(hasher_, seen));
    loop_.run_until_done(scope.join());
    EXPECT_EQ(seen, std::vector{Code::kInvalid});  // room again
}

}  // namespace
}  // namespace weft::crypto
