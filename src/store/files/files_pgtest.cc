#include "base/random.h"
#include "platform/blob/blob.h"
#include "platform/rt/loop.h"
#include "store/files/files.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace weft::store::files {
namespace {

/// One key for all: what store/vault does is not this module's.
class OneKey final : public runs::DataKeys {
  public:
    explicit OneKey(Rng& rng)
        : key_(std::make_shared<const crypto::SymmetricKey>(
              crypto::SymmetricKey::generate(Uuid::v7(rt::SystemClock().now(), rng), rng)
          )) {}
    rt::Task<Result<Key>> newest(TenantId, rt::Deadline) override { co_return key_; }
    rt::Task<Result<Key>> find(TenantId, TenantKeyId, rt::Deadline) override { co_return key_; }

  private:
    Key key_;
};

class FilesTest : public testing::Test {
  protected:
    FilesTest() : pool(loop, {.url = database.worker_url(), .connections_max = 4}) {
        EXPECT_TRUE(crypto::init());
        folder = (std::filesystem::temp_directory_path() / "weft-files-XXXXXX").string();
        folder = mkdtemp(folder.data());
        blobs = *blob::open_directory(folder);
        streams = *blob::open_streams(folder);
        tenant = database.create_tenant();
        make({});
    }
    ~FilesTest() override {
        wait(pool.close());
        std::filesystem::remove_all(folder);
    }
    void make(Options options) {
        files = std::make_unique<Files>(pool, keys, *streams, clock, rng, std::move(options));
    }
    template <class T>
    T wait(rt::Task<T> task) {
        return loop.run_until_done(std::move(task));
    }
    static rt::Deadline soon() { return rt::Deadline::in(20s); }

    rt::Task<Result<File>> write(
        TenantId owner,
        std::string bytes,
        std::optional<RunId> run = std::nullopt,
        std::size_t piece = 100'000
    ) {
        What what{.name = "../x.bin", .type = "Image/PNG", .origin = Origin::kMade};
        CO_TRY(auto upload, co_await files->create(owner, std::move(what), std::nullopt, soon()));
        for (std::size_t at = 0; at < bytes.size(); at += piece)
            CO_CHECK_OK(co_await upload->append(bytes.substr(at, piece), soon()));
        CO_TRY(auto file, co_await upload->finish(soon()));
        std::vector<std::unique_ptr<Upload>> all;
        all.push_back(std::move(upload));
        CO_CHECK_OK(co_await files->keep(std::move(all), run, soon()));
        co_return file;
    }
    rt::Task<Result<std::string>> read(TenantId owner, File file, std::int64_t from = 0) {
        CO_TRY(auto download, co_await files->open(owner, file, soon()));
        std::string out;
        for (;;) {
            CO_TRY(auto chunk, co_await download->read(from + static_cast<std::int64_t>(out.size()), soon()));
            if (chunk.empty()) co_return out;
            out += chunk;
        }
    }
    std::vector<std::string> stored() const {
        std::vector<std::string> out;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
            if (entry.is_regular_file()) out.push_back(entry.path().string());
        return out;
    }
    Swept swept(std::chrono::seconds age = std::chrono::seconds(0)) {
        Uuid after;
        auto out = wait(sweep(pool, *streams, after, age, soon()));
        EXPECT_TRUE(out) << out.error().detail;
        return out.value_or(Swept{});
    }
    std::string text(std::size_t size) {
        std::string out(size, '\0');
        rng.fill(std::as_writable_bytes(std::span(out.data(), out.size())));
        return out;
    }

    test::TestDatabase database;
    rt::Loop loop;
    rt::SystemClock clock;
    SystemRng rng;
    OneKey keys{rng};
    pg::Pool pool;
    std::string folder;
    std::unique_ptr<blob::Store> blobs;
    std::unique_ptr<blob::Streams> streams;
    std::unique_ptr<Files> files;
    TenantId tenant;
};

TEST_F(FilesTest, KeepsBytesOfAnySizeAndReadsThemFromAnyPlace) {
    for (const std::size_t size :
         {0ul, 1ul, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 3 * kChunkBytes}) {
        const std::string bytes = text(size);
        auto file = wait(write(tenant, bytes));
        ASSERT_TRUE(file) << file.error().detail;
        EXPECT_EQ(file->sha256, crypto::sha256(bytes));
        auto found = wait(files->find(tenant, file->id, soon()));
        ASSERT_TRUE(found);
        EXPECT_EQ(found->size, static_cast<std::int64_t>(size));
        EXPECT_EQ(found->name, "x.bin");
        EXPECT_EQ(found->type, "image/png");
        EXPECT_EQ(wait(read(tenant, *found)), bytes) << size;
        if (size > 2) EXPECT_EQ(wait(read(tenant, *found, 2)), bytes.substr(2)) << size;
    }
    EXPECT_EQ(database.scalar("select files from weft.file_space"), "6");
}

TEST_F(FilesTest, WhatWasChangedOnTheDiskDoesNotOpen) {
    const std::string bytes = text(3 * kChunkBytes);
    auto file = *wait(write(tenant, bytes));
    const std::string path = stored().at(0);
    std::ifstream in(path, std::ios::binary);
    const std::string sealed((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(sealed.find(bytes.substr(0, 32)), std::string::npos) << "plain bytes on the disk";
    const auto put = [&](const std::string& changed) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << changed;
    };
    std::string flipped = sealed;
    flipped[100] = static_cast<char>(flipped[100] ^ 1);
    put(flipped);
    EXPECT_EQ(wait(read(tenant, file)).error().code, Code::kInvalid);
    // Chunks in another order.
    const std::size_t third = sealed.size() / 3;
    put(sealed.substr(third, third) + sealed.substr(0, third) + sealed.substr(2 * third));
    EXPECT_EQ(wait(read(tenant, file)).error().code, Code::kInvalid);
    // Cut off, with a row that says so: the first chunk was not the last.
    put(sealed.substr(0, third));
    File shorter = file;
    shorter.size = kChunkBytes;
    EXPECT_EQ(wait(read(tenant, shorter)).error().code, Code::kInvalid);
    // Another tenant's, with the same key.
    put(sealed);
    EXPECT_EQ(wait(read(database.create_tenant("B"), file)).error().code, Code::kInvalid);
    EXPECT_EQ(wait(read(tenant, file)), bytes);
}

TEST_F(FilesTest, ARunUsesWhatItWasGivenAndNothingElse) {
    const RunId mine = RunId::make(clock.now(), rng);
    const RunId other = RunId::make(clock.now(), rng);
    const auto given = *wait(write(tenant, "given", mine));
    const auto free = *wait(write(tenant, "free"));
    const TenantId stranger = database.create_tenant("B");
    const auto foreign = *wait(write(stranger, "foreign", mine));
    EXPECT_EQ(wait(files->find_for_run(tenant, mine, {given.id}, soon()))->at(0).id, given.id);
    for (const auto& [run, id] :
         {std::pair(mine, free.id), std::pair(other, given.id), std::pair(mine, foreign.id)})
        EXPECT_EQ(wait(files->find_for_run(tenant, run, {id}, soon())).error().code, Code::kNotFound);
    EXPECT_EQ(wait(files->give(tenant, mine, {foreign.id}, soon())).error().code, Code::kNotFound);
    ASSERT_TRUE(wait(files->give(tenant, mine, {free.id}, soon())));
    EXPECT_TRUE(wait(files->find_for_run(tenant, mine, {free.id, given.id}, soon())));
    ASSERT_TRUE(wait(files->give_of_run(tenant, other, mine, soon())));
    EXPECT_TRUE(wait(files->find_for_run(tenant, other, {given.id}, soon())));
    EXPECT_EQ(wait(files->find(tenant, foreign.id, soon())).error().code, Code::kNotFound);
}

TEST_F(FilesTest, LimitsAreSaidAndLeaveNothing) {
    make({.file_bytes_max = 1'000, .tenant_bytes_max = 1'500});
    auto large = wait(write(tenant, text(1'001), std::nullopt, 100));
    EXPECT_EQ(large.error().user, "A file is at most 1000 bytes");
    EXPECT_TRUE(wait(write(tenant, text(1'000))));
    auto full = wait(write(tenant, text(600)));
    EXPECT_EQ(full.error().code, Code::kLimit);
    EXPECT_EQ(stored().size(), 1u);
    EXPECT_EQ(wait(files->create(tenant, {.name = "x", .type = ""}, 501, soon())).error().field, "file")
        << "the stated length decides before a byte has come";
    EXPECT_TRUE(wait(write(database.create_tenant("B"), text(600)))) << "others have room of their own";

    const std::string own = " where tenant_id = '" + tenant.text() + "'";
    database.exec("update weft.tenant_queue set file_bytes_max = 1700" + own);
    EXPECT_TRUE(wait(write(tenant, text(600)))) << "the operator has given this one more";
    full = wait(write(tenant, text(200)));
    EXPECT_EQ(full.error().code, Code::kLimit);
    EXPECT_NE(full.error().user.find("1700 bytes"), std::string::npos) << full.error().user;
    database.exec("update weft.tenant_queue set file_bytes_max = 100" + own);
    EXPECT_FALSE(wait(files->create(tenant, {.name = "x", .type = ""}, std::nullopt, soon())));
}

rt::Task<std::pair<Result<void>, Result<void>>> two_at_once(Files& files, TenantId tenant) {
    What one{.name = "a", .type = ""};
    What two{.name = "b", .type = ""};
    auto first = co_await files.create(tenant, std::move(one), std::nullopt, rt::Deadline::in(20s));
    auto second = co_await files.create(tenant, std::move(two), std::nullopt, rt::Deadline::in(20s));
    auto fits = co_await (*first)->append(std::string(800, 'a'), rt::Deadline::in(20s));
    auto does_not = co_await (*second)->append(std::string(800, 'b'), rt::Deadline::in(20s));
    co_return std::pair(std::move(fits), std::move(does_not));
}

TEST_F(FilesTest, UploadsAtOnceShareTheRoom) {
    make({.tenant_bytes_max = 1'500});
    const auto [fits, does_not] = wait(two_at_once(*files, tenant));
    EXPECT_TRUE(fits);
    EXPECT_EQ(does_not.error().code, Code::kLimit);
    EXPECT_TRUE(stored().empty());
    EXPECT_TRUE(wait(write(tenant, text(1'500)))) << "what was given up takes no room";
}

TEST_F(FilesTest, AFullDiskIsSaid) {
    bool is_full = false;
    make({.admit = [&]() -> Result<void> {
        if (is_full) return fail(Error::unavailable("The disk is full"));
        return {};
    }});
    EXPECT_TRUE(wait(write(tenant, "fits")));
    is_full = true;
    EXPECT_EQ(wait(write(tenant, "x")).error().user, "The disk is full");
    EXPECT_EQ(stored().size(), 1u);
}

TEST_F(FilesTest, WhatHasExpiredGoesUnlessARunStillUsesIt) {
    const RunId run = RunId::make(clock.now(), rng);
    const auto used = *wait(write(tenant, "used", run));
    const auto old = *wait(write(tenant, "old"));
    const auto young = *wait(write(tenant, "young"));
    database.exec(
        "update weft.file set expires_at = now() - interval '1 s' where id <> '" + young.id.text() +
        "'; insert into weft.job (tenant_id, run_id, workflow_id, workflow_version_id) select '" +
        tenant.text() + "', '" + run.text() + "', gen_random_uuid(), gen_random_uuid()"
    );
    const Swept out = swept();
    EXPECT_EQ(out.expired, 1);
    EXPECT_EQ(out.orphans, 0);
    EXPECT_EQ(wait(files->find(tenant, old.id, soon())).error().code, Code::kNotFound);
    EXPECT_EQ(wait(read(tenant, used)), "used");
    EXPECT_EQ(wait(read(tenant, young)), "young");
    EXPECT_EQ(stored().size(), 2u);
    EXPECT_EQ(database.scalar("select files || ' ' || size_bytes from weft.file_space"), "2 9");
}

TEST_F(FilesTest, BytesThatNoRowRefersToGo) {
    const auto kept = *wait(write(tenant, "kept"));
    const auto lost = *wait(write(tenant, "lost"));
    database.exec("delete from weft.file where id = '" + lost.id.text() + "'");
    // A process that ended in the middle of an upload.
    std::filesystem::copy(
        stored().at(0),
        std::filesystem::path(stored().at(0)).parent_path() / (Uuid::v7(clock.now(), rng).text() + ".new")
    );
    EXPECT_EQ(swept(std::chrono::hours(1)).orphans, 0) << "they may be under way";
    EXPECT_EQ(swept().orphans, 2);
    EXPECT_EQ(stored().size(), 1u);
    EXPECT_EQ(wait(read(tenant, kept)), "kept");
}

TEST_F(FilesTest, ADroppedFileGivesItsRoomBack) {
    const auto file = *wait(write(tenant, "gone"));
    pg::Pool api(loop, {.url = database.api_url(), .connections_max = 1});
    Files at_api(api, keys, *streams, clock, rng);
    EXPECT_TRUE(wait(at_api.drop(tenant, file.id, soon())));
    EXPECT_TRUE(wait(at_api.drop(tenant, file.id, soon())));
    EXPECT_TRUE(stored().empty());
    EXPECT_EQ(database.scalar("select files || ' ' || size_bytes from weft.file_space"), "0 0");
    wait(api.close());
}

}  // namespace
}  // namespace weft::store::files
