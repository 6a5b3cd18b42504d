#include "platform/disk/disk.h"

#include "platform/rt/loop.h"
#include "platform/rt/scope.h"

#include <gtest/gtest.h>

#include <map>

namespace weft::disk {
namespace {

class DiskTest : public testing::Test {
  protected:
    Options options() {
        Options out;
        out.paths = {"blobs", "postgres"};
        out.every = 1ms;
        out.source = [this](const std::string& path) -> Result<double> {
            auto found = free_.find(path);
            if (found == free_.end()) return fail(Error::unavailable("no such disk"));
            return found->second;
        };
        out.on_low = [this] { ++warnings_; };
        return out;
    }
    std::map<std::string, double> free_{{"blobs", 0.5}, {"postgres", 0.5}};
    int warnings_ = 0;
    telemetry::Metrics metrics_;
};

TEST_F(DiskTest, TheFullestDiskDecides) {
    Watch watch(options(), metrics_);
    EXPECT_EQ(watch.level(), Level::kFine);
    free_["postgres"] = 0.08;
    watch.look();
    EXPECT_EQ(watch.level(), Level::kLow);
    EXPECT_TRUE(watch.admit()) << "low is not full";
    EXPECT_TRUE(watch.ready());
    EXPECT_EQ(warnings_, 1);
    free_["postgres"] = 0.04;
    watch.look();
    EXPECT_EQ(warnings_, 2);
    EXPECT_EQ(watch.admit().error().code, Code::kUnavailable);
    EXPECT_EQ(watch.admit().error().retry, Retry::kBackoff);
    EXPECT_NE(watch.ready().error().user.find("postgres"), std::string::npos);
    EXPECT_NE(metrics_.expose().find("weft_disk_free_ratio 0.04"), std::string::npos);
    free_["postgres"] = 0.5;
    watch.look();
    EXPECT_TRUE(watch.admit());
    EXPECT_EQ(warnings_, 2);
}

TEST_F(DiskTest, ItLooksAgainByItself) {
    rt::Loop loop;
    rt::Scope scope(loop);
    Watch watch(options(), metrics_);
    scope.spawn(watch.run(scope.forever()));
    free_["blobs"] = 0.01;
    for (int i = 0; i < 1'000 && watch.level() != Level::kFull; ++i) {
        (void)loop.run_until_done(rt::sleep_for(1ms, rt::Deadline::in(1s)));
    }
    EXPECT_EQ(watch.level(), Level::kFull);
    loop.run_until_done(scope.close());
}

TEST_F(DiskTest, ADiskThatCannotBeAskedIsNotCalledFull) {
    free_.erase("postgres");
    Watch watch(options(), metrics_);
    EXPECT_TRUE(watch.ready());
}

TEST_F(DiskTest, TheKernelIsAsked) {
    auto root = free_ratio("/");
    ASSERT_TRUE(root);
    EXPECT_GE(*root, 0);
    EXPECT_LE(*root, 1);
    EXPECT_FALSE(free_ratio("/no/such/path"));
}

}  // namespace
}  // namespace weft::disk
