#include "platform/blob/blob.h"

#include "base/random.h"
#include "platform/blob/retire.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace weft::blob {
namespace {

class BlobTest : public testing::Test {
  protected:
    BlobTest() {
        folder = (std::filesystem::temp_directory_path() / "weft-blob-XXXXXX").string();
        folder = mkdtemp(folder.data());
        store = *open_directory(folder + "/blobs");
    }
    ~BlobTest() override { std::filesystem::remove_all(folder); }
    template <class T>
    T wait(rt::Task<T> task) {
        return loop.run_until_done(std::move(task));
    }
    static rt::Deadline soon() { return rt::Deadline::in(10s); }

    rt::Loop loop;
    SystemRng rng;
    rt::SystemClock clock;
    std::string folder;
    std::unique_ptr<Store> store;
    Uuid name = Uuid::v7(clock.now(), rng);
};

TEST_F(BlobTest, KeepsBytesUnderTheirNameAndReplacesThemWhole) {
    const std::string bytes(100'000, '\0');
    ASSERT_TRUE(wait(store->put(name, bytes, soon())));
    EXPECT_EQ(wait(store->get(name, bytes.size(), soon())), bytes);
    ASSERT_TRUE(wait(store->put(name, "short", soon())));
    EXPECT_EQ(wait(store->get(name, 100, soon())), "short");
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        files += entry.is_regular_file();
    EXPECT_EQ(files, 1u);  // nothing half-written is left beside it
}

TEST_F(BlobTest, FilesAreForThisUserOnly) {
    ASSERT_TRUE(wait(store->put(name, "x", soon())));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        struct stat status{};
        ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 077, 0u) << entry.path();
    }
}

TEST_F(BlobTest, AFolderOfAGroupsStaysTheGroups) {
    ASSERT_EQ(chmod((folder + "/blobs").c_str(), 02770), 0);
    store = *open_directory(folder + "/blobs");
    const mode_t before = umask(077);
    ASSERT_TRUE(wait(store->put(name, "x", soon())));
    umask(before);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        struct stat status{};
        ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, entry.is_directory() ? 02770u : 0660u) << entry.path();
    }
}

TEST_F(BlobTest, SaysWhatIsAbsentOrTooLarge) {
    EXPECT_EQ(wait(store->get(name, 10, soon())).error().code, Code::kNotFound);
    EXPECT_TRUE(wait(store->remove(name, soon())));
    ASSERT_TRUE(wait(store->put(name, "0123456789", soon())));
    EXPECT_EQ(wait(store->get(name, 9, soon())).error().code, Code::kLimit);
    ASSERT_TRUE(wait(store->remove(name, soon())));
    EXPECT_EQ(wait(store->get(name, 10, soon())).error().code, Code::kNotFound);
}

TEST_F(BlobTest, OldDaysGoWholeAndYoungerOnesStay) {
    const auto today = std::chrono::floor<std::chrono::days>(clock.now().time_since_epoch());
    std::vector<Uuid> old;
    for (int i = 0; i < 5; ++i) old.push_back(Uuid::v7(clock.now() - std::chrono::days(3), rng));
    for (const Uuid& one : old) ASSERT_TRUE(wait(store->put(one, "x", soon())));
    ASSERT_TRUE(wait(store->put(name, "young", soon())));
    EXPECT_EQ(wait(retire_days(folder + "/blobs", {.before = today.count() - 3, .most = 100}, soon())), 0)
        << "of the first day to keep";
    EXPECT_EQ(wait(retire_days(folder + "/blobs", {.before = today.count(), .most = 3}, soon())), 3)
        << "no more than asked for";
    std::vector<Uuid> left;
    for (const Uuid& one : old)
        if (wait(store->get(one, 10, soon()))) left.push_back(one);
    ASSERT_EQ(left.size(), 2u);
    Old but_one{.before = today.count(), .kept = {name, left[1]}, .most = 100};
    EXPECT_EQ(wait(retire_days(folder + "/blobs", but_one, soon())), 1);
    EXPECT_EQ(wait(store->get(left[1], 10, soon())), "x") << "a row refers to it";
    EXPECT_EQ(wait(retire_days(folder + "/blobs", {.before = today.count(), .most = 100}, soon())), 1);
    for (const Uuid& one : old) EXPECT_EQ(wait(store->get(one, 10, soon())).error().code, Code::kNotFound);
    EXPECT_EQ(wait(store->get(name, 10, soon())), "young");
    EXPECT_FALSE(std::filesystem::exists(folder + "/blobs/" + std::to_string(today.count() - 3)));
}

TEST_F(BlobTest, AFolderThatIsGoneIsUnavailable) {
    std::filesystem::remove_all(folder);
    EXPECT_EQ(wait(store->put(name, "x", soon())).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace weft::blob
