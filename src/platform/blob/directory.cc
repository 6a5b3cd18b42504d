#include "platform/blob/blob.h"
#include "platform/blob/detail/folder.h"
#include "platform/blob/retire.h"
#include "platform/rt/loop.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

namespace weft::blob {

using namespace detail;

namespace {

Result<void> write_file(const std::string& root, Modes modes, const Uuid& name, const std::string& bytes) {
    const std::string folder = root + "/" + day_of(name);
    const std::string path = folder + "/" + name.text();
    const std::string beside = path + ".new";
    CHECK_OK(make_folder(folder, modes.folder));
    {
        TRY(auto file, make_file(beside, modes.file));
        CHECK_OK(write_all(file.get(), bytes));
        if (::fsync(file.get()) != 0) return failed("sync blob");
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return failed("rename blob");
    CHECK_OK(sync_folder(folder));
    return sync_folder(root);
}

Result<std::string> read_file(const std::string& root, const Uuid& name, std::size_t bytes_max) {
    const std::string path = root + "/" + day_of(name) + "/" + name.text();
    Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.is_open() && errno == ENOENT) return fail(Error::not_found("The stored value is gone"));
    struct stat status{};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) return failed("open blob");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > bytes_max) return fail(Error::limit("The stored value is too large"));
    TRY(auto out, read_at(file.get(), 0, size));
    if (out.size() != size) return failed("read blob");
    return out;
}

/// The days before `day` that have a folder; other names there are not ours.
std::vector<std::string> old_folders(const std::string& root, std::int64_t day) {
    std::vector<std::string> out;
    std::error_code ec;
    for (const auto& entry : std::filesystem::directory_iterator(root, ec)) {
        const std::string name = entry.path().filename().string();
        std::int64_t its = 0;
        auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), its);
        if (bad == std::errc() && end == name.data() + name.size() && its < day)
            out.push_back(entry.path().string());
    }
    return out;
}

Result<int> remove_days(const std::string& root, Old old) {
    int removed = 0;
    std::error_code ec;
    std::ranges::sort(old.kept);
    for (const std::string& folder : old_folders(root, old.before)) {
        bool is_empty = true;
        for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
            if (removed == old.most) return removed;
            const auto name = Uuid::parse(entry.path().filename().string());
            if (name && std::ranges::binary_search(old.kept, *name)) {
                is_empty = false;
                continue;
            }
            if (::unlink(entry.path().c_str()) != 0 && errno != ENOENT) return failed("remove old blob");
            ++removed;
        }
        if (is_empty && ::rmdir(folder.c_str()) != 0 && errno != ENOENT)
            return failed("remove old blob folder");
    }
    return removed;
}

class Directory final : public Store {
  public:
    Directory(std::string root, Modes modes) : root_(std::move(root)), modes_(modes) {}

    rt::Task<Result<void>> put(Uuid name, std::string bytes, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        auto work = [root = root_, modes = modes_, name, bytes = std::move(bytes)] {
            return write_file(root, modes, name, bytes);
        };
        co_return co_await rt::on_pool(std::move(work));
    }
    rt::Task<Result<std::string>> get(Uuid name, std::size_t bytes_max, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        auto work = [root = root_, name, bytes_max] { return read_file(root, name, bytes_max); };
        co_return co_await rt::on_pool(std::move(work));
    }
    rt::Task<Result<void>> remove(Uuid name, rt::Deadline by) override {
        CO_CHECK_OK(by.check());
        const std::string path = root_ + "/" + day_of(name) + "/" + name.text();
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) co_return failed("remove blob");
        co_return Result<void>{};
    }

  private:
    std::string root_;
    Modes modes_;
};

}  // namespace

rt::Task<Result<int>> retire_days(std::string folder, Old old, rt::Deadline by) {
    CO_CHECK_OK(by.check());
    auto work = [root = std::move(folder), old = std::move(old)]() mutable {
        return remove_days(root, std::move(old));
    };
    co_return co_await rt::on_pool(std::move(work));
}

Result<std::unique_ptr<Store>> open_directory(std::string path) {
    CHECK_OK(make_folder(path, 0700));
    TRY(const Modes modes, modes_of(path));
    if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
        return fail(Error::unavailable(
            "The folder of large values, " + path +
                ", must be writable for this process's user or group (id " + std::to_string(::getegid()) +
                ").",
            std::strerror(errno)
        ));
    }
    return std::make_unique<Directory>(std::move(path), modes);
}

}  // namespace weft::blob
