#include "platform/telemetry/notices.h"

#include "base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

namespace weft::telemetry {
namespace {

using ::testing::HasSubstr;

class StillClock final : public rt::Clock {
  public:
    Instant now() const override { return {}; }
    Steady steady() const override { return now_; }
    Steady now_{std::chrono::hours(1)};
};

class NoticesTest : public ::testing::Test {
  protected:
    NoticesTest() : file_(std::tmpfile(), &std::fclose) {
        LogOptions options;
        options.fd = fileno(file_.get());
        notices_ =
            std::make_unique<Notices>(metrics_, Logger(options), clock_, rng_, "weft_odd_things_total");
    }
    std::size_t lines() {
        std::string text(1u << 20, '\0');
        text.resize(static_cast<std::size_t>(pread(fileno(file_.get()), text.data(), text.size(), 0)));
        return static_cast<std::size_t>(std::ranges::count(text, '\n'));
    }

    std::unique_ptr<FILE, int (*)(FILE*)> file_;
    Metrics metrics_;
    StillClock clock_;
    SystemRng rng_;
    std::unique_ptr<Notices> notices_;
};

TEST_F(NoticesTest, AllAreCountedAndOneSenderCannotFillTheLog) {
    for (int i = 0; i < 1'000; ++i) notices_->note("charset", "noisy", {{"detail", "klingon"}});
    EXPECT_EQ(lines(), 20u);
    EXPECT_THAT(metrics_.expose(), HasSubstr("weft_odd_things_total{reason=\"charset\"} 1000"));
    for (int i = 0; i < 15; ++i) notices_->note("text", "another", {});
    EXPECT_EQ(lines(), 35u) << "others have a share of their own";
    clock_.now_ += std::chrono::seconds(10);
    for (int i = 0; i < 5; ++i) notices_->note("charset", "noisy", {});
    EXPECT_EQ(lines(), 36u);
}

}  // namespace
}  // namespace weft::telemetry
