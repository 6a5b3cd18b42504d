#include "platform/blob/streams.h"

#include "platform/blob/detail/folder.h"
#include "platform/rt/loop.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

namespace weft::blob {

using namespace detail;

namespace {

constexpr std::string_view kUnfinished = ".new";
/// Written through to the disk this often: the end of a large value must not wait for all of it at once, nor
/// the page cache fill with what is not.
constexpr std::size_t kSyncBytes = 32u << 20;

struct Place {
    std::string root;
    Modes modes;

    std::string folder(const Uuid& name) const { return root + "/f" + day_of(name); }
    std::string path(const Uuid& name) const { return folder(name) + "/" + name.text(); }
};

class FileWriter final : public Writer {
  public:
    FileWriter(Place place, Uuid name, Descriptor file)
        : place_(std::move(place)), name_(name), file_(std::move(file)) {}
    ~FileWriter() override {
        if (is_released_) return;
        ::unlink((place_.path(name_) + (is_finished_ ? "" : std::string(kUnfinished))).c_str());
    }

    rt::Task<Result<void>> append(std::string bytes, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        unsynced_ += bytes.size();
        const bool is_sync_due = unsynced_ >= kSyncBytes;
        if (is_sync_due) unsynced_ = 0;
        auto work = [fd = file_.get(), is_sync_due, bytes = std::move(bytes)]() -> Result<void> {
            CHECK_OK(write_all(fd, bytes));
            if (is_sync_due && ::fdatasync(fd) != 0) return failed("sync blob");
            return {};
        };
        co_return co_await rt::on_pool(std::move(work));
    }

    rt::Task<Result<void>> finish(rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        auto work = [this]() -> Result<void> {
            if (::fsync(file_.get()) != 0) return failed("sync blob");
            const std::string path = place_.path(name_);
            if (::rename((path + std::string(kUnfinished)).c_str(), path.c_str()) != 0)
                return failed("rename blob");
            is_finished_ = true;
            CHECK_OK(sync_folder(place_.folder(name_)));
            return sync_folder(place_.root);
        };
        co_return co_await rt::on_pool(std::move(work));
    }

    void release() override { is_released_ = true; }

  private:
    Place place_;
    Uuid name_;
    Descriptor file_;
    std::size_t unsynced_ = 0;
    bool is_finished_ = false;
    bool is_released_ = false;
};

class FileReader final : public Reader {
  public:
    FileReader(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
    std::uint64_t size() const override { return size_; }
    rt::Task<Result<std::string>> read(std::uint64_t offset, std::size_t bytes, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        auto work = [fd = file_.get(), offset, bytes]() -> Result<std::string> {
            TRY(auto out, read_at(fd, offset, bytes));
            if (out.size() != bytes) return fail(Error::unavailable("Storage is damaged", "blob: too short"));
            return out;
        };
        co_return co_await rt::on_pool(std::move(work));
    }

  private:
    Descriptor file_;
    std::uint64_t size_;
};

/// One of our days' folders and its day, in order.
std::vector<std::pair<long, std::string>> days(const std::string& root) {
    std::vector<std::pair<long, std::string>> out;
    std::error_code ec;
    for (const auto& entry : std::filesystem::directory_iterator(root, ec)) {
        const std::string name = entry.path().filename().string();
        const bool is_ours =
            name.size() > 1 && name[0] == 'f' && name.find_first_not_of("0123456789", 1) == std::string::npos;
        if (is_ours) out.emplace_back(std::strtol(name.c_str() + 1, nullptr, 10), entry.path().string());
    }
    std::ranges::sort(out);
    return out;
}

bool is_old(const std::string& path, std::chrono::seconds age) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && ::time(nullptr) - status.st_mtime >= age.count();
}

/// Empty folders of days that have passed go on the way: nothing is made in them any more.
std::vector<Leftover> find_leftovers(
    const Place& place, Uuid after, std::chrono::seconds age, std::size_t most
) {
    std::vector<Leftover> out;
    const long first = std::strtol(day_of(after).c_str(), nullptr, 10);
    for (const auto& [day, folder] : days(place.root)) {
        if (out.size() >= most) break;
        if (day < first) continue;
        std::vector<Leftover> here;
        std::error_code ec;
        bool is_empty = true;
        for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
            is_empty = false;
            std::string name = entry.path().filename().string();
            const bool is_unfinished = name.ends_with(kUnfinished);
            if (is_unfinished) name.resize(name.size() - kUnfinished.size());
            const auto id = Uuid::parse(name);
            if (!id || *id <= after || !is_old(entry.path().string(), age)) continue;
            here.push_back({*id, is_unfinished});
        }
        if (is_empty && is_old(folder, std::chrono::hours(48))) ::rmdir(folder.c_str());
        std::ranges::sort(here, {}, &Leftover::name);
        out.insert(out.end(), here.begin(), here.end());
    }
    if (out.size() > most) out.resize(most);
    return out;
}

class Folder final : public Streams {
  public:
    explicit Folder(Place place) : place_(std::move(place)) {}

    rt::Task<Result<std::unique_ptr<Writer>>> create(Uuid name, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        auto work = [place = place_, name]() -> Result<std::unique_ptr<Writer>> {
            CHECK_OK(make_folder(place.folder(name), place.modes.folder));
            TRY(auto file, make_file(place.path(name) + std::string(kUnfinished), place.modes.file));
            return std::make_unique<FileWriter>(place, name, std::move(file));
        };
        co_return co_await rt::on_pool(std::move(work));
    }
    rt::Task<Result<std::unique_ptr<Reader>>> open(Uuid name, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        auto work = [place = place_, name]() -> Result<std::unique_ptr<Reader>> {
            Descriptor file(::open(place.path(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
            if (!file.is_open() && errno == ENOENT) return fail(Error::not_found("The stored value is gone"));
            struct stat status{};
            if (!file.is_open() || ::fstat(file.get(), &status) != 0) return failed("open blob");
            const auto size = static_cast<std::uint64_t>(status.st_size);
            return std::make_unique<FileReader>(std::move(file), size);
        };
        co_return co_await rt::on_pool(std::move(work));
    }
    rt::Task<Result<void>> remove(Uuid name, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        auto work = [place = place_, name]() -> Result<void> {
            for (const std::string& path : {place.path(name), place.path(name) + std::string(kUnfinished)})
                if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove blob");
            return {};
        };
        co_return co_await rt::on_pool(std::move(work));
    }
    rt::Task<Result<std::vector<Leftover>>> leftovers(
        Uuid after, std::chrono::seconds age, std::size_t most, rt::Deadline by
    ) override {
        CO_CHECK_OK(by.check());
        auto work = [place = place_, after, age, most] { return find_leftovers(place, after, age, most); };
        co_return co_await rt::on_pool(std::move(work));
    }

  private:
    Place place_;
};

}  // namespace

Result<std::unique_ptr<Streams>> open_streams(std::string path) {
    TRY(const Modes modes, modes_of(path));
    return std::make_unique<Folder>(Place{std::move(path), modes});
}

}  // namespace weft::blob
