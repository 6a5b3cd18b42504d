#include "app/weft/settings.h"

#include "platform/proc/proc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace weft::app {
namespace {

using testing::HasSubstr;
using testing::Not;

ProcessSecrets some_secrets() {
    return {
        .database_url = Secret("host=/run user=x"),
        .shared_key = Secret(std::string(32, 's')),
        .vault_key = Secret(std::string(32, 'v')),
    };
}

Result<ProcessSecrets> unpack(Plane plane, const Secret& packed) {
    auto file = proc::sealed_file("test", packed.reveal());
    ProcessOptions options;
    options.secrets_fd = ::dup(file->get());  // load_secrets closes it
    return load_secrets(plane, options, {});
}

TEST(Secrets, ReachTheWorkerWhole) {
    auto read = unpack(Plane::kWorker, pack_secrets(Plane::kWorker, some_secrets()));
    ASSERT_TRUE(read) << read.error().user;
    EXPECT_EQ(read->database_url, some_secrets().database_url);
    EXPECT_EQ(read->shared_key, some_secrets().shared_key);
    EXPECT_EQ(read->vault_key, some_secrets().vault_key);
}

TEST(Secrets, TheApiNeverGetsTheVaultKey) {
    Secret packed = pack_secrets(Plane::kApi, some_secrets());
    EXPECT_THAT(std::string(packed.reveal()), Not(HasSubstr("vault")));
    EXPECT_TRUE(unpack(Plane::kApi, packed)->vault_key.empty());
}

TEST(Secrets, AMissingSettingIsNamed) {
    EXPECT_THAT(
        load_secrets(Plane::kApi, {}, {}).error().user, HasSubstr("WEFT_DATABASE_URL is not set. Set it to")
    );
    Environment environment{{"WEFT_DATABASE_URL", "x"}};
    EXPECT_THAT(
        load_secrets(Plane::kApi, {}, environment).error().user, HasSubstr("WEFT_SHARED_KEY_FILE is not set")
    );
    environment["WEFT_SHARED_KEY_FILE"] = "/no/such/file";
    EXPECT_EQ(load_secrets(Plane::kApi, {}, environment).error().user, "There is no file /no/such/file.");
}

TEST(Address, IsParsedAndWritten) {
    EXPECT_EQ(parse_address("127.0.0.1:8080")->text(), "127.0.0.1:8080");
    EXPECT_EQ(parse_address("[::1]:0")->text(), "[::1]:0");
    EXPECT_EQ(parse_address(":80")->text(), "0.0.0.0:80");
    EXPECT_EQ(parse_address("localhost:1")->host, "127.0.0.1");
    for (const char* bad : {"", "8080", "a:b", "a:70000", "a:-1", "a:1x"})
        EXPECT_FALSE(parse_address(bad)) << bad;
}

TEST(Ready, IsToldInWordsAndOnlyOnceClaimable) {
    EXPECT_EQ(ready_text({{"from", "worker"}}), "");
    EXPECT_EQ(ready_text({{"from", "api"}, {"url", "http://x"}}), "Weft is at http://x\n");
    EXPECT_THAT(
        ready_text({{"url", "http://x"}, {"claim_url", "http://x/claim#token=t"}}), HasSubstr("works once")
    );
}

}  // namespace
}  // namespace weft::app
