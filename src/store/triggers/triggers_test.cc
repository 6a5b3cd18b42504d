#include "store/triggers/triggers.h"

#include "platform/crypto/crypto.h"

#include <gtest/gtest.h>

namespace weft::store::triggers {
namespace {

TEST(SigningSecrets, KeepEveryByte) {
    ASSERT_TRUE(crypto::init());
    SeededRng rng(7);
    TenantId tenant = TenantId::make(Instant(1s), rng);
    TriggerId trigger = TriggerId::make(Instant(1s), rng);
    auto key = crypto::SymmetricKey::generate(Uuid::v7(Instant(1s), rng), rng);
    std::string every;
    for (int i = 0; i < 256; ++i) every += static_cast<char>(i);
    Secrets secrets{
        .current = Secret(every), .previous = Secret("\n\n"), .previous_until = Instant(Micros(1234567))
    };
    auto opened = open_secrets(key, tenant, trigger, seal_secrets(key, tenant, trigger, secrets));
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->current == secrets.current);
    ASSERT_TRUE(opened->previous);
    EXPECT_TRUE(*opened->previous == *secrets.previous);
    EXPECT_EQ(opened->previous_until, secrets.previous_until);
}

}  // namespace
}  // namespace weft::store::triggers
