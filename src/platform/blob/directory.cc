#include "platform/blob/blob.h"
#include "platform/blob/retire.h"
#include "platform/rt/loop.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <vector>

namespace weft::blob {

namespace {

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }

  private:
    int fd_;
};

std::unexpected<Error> failed(std::string_view what) {
    return fail(
        Error::unavailable("Storage is not available", std::string(what) + ": " + std::strerror(errno))
    );
}

/// Modes of what is made: for this user, or for the group as well, as the folder itself says.
struct Modes {
    mode_t folder = 0700;
    mode_t file = 0600;
};

Result<void> make_folder(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), 0700) == 0) {
        if (mode == 0700 || ::chmod(path.c_str(), mode) == 0) return {};  // past the umask
    } else if (errno == EEXIST) {
        return {};
    }
    return failed("make blob folder");
}

Result<void> sync_folder(const std::string& path) {
    Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open() || ::fsync(folder.get()) != 0) return failed("sync blob folder");
    return {};
}

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("write blob");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

/// Days since 1970 of a version 7 id.
std::string day_of(const Uuid& name) {
    std::int64_t millis = 0;
    for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | name.bytes[i];
    return std::to_string(millis / 86'400'000);
}

Result<void> write_file(const std::string& root, Modes modes, const Uuid& name, const std::string& bytes) {
    const std::string folder = root + "/" + day_of(name);
    const std::string path = folder + "/" + name.text();
    const std::string beside = path + ".new";
    CHECK_OK(make_folder(folder, modes.folder));
    {
        Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file.is_open() || ::fchmod(file.get(), modes.file) != 0) return failed("open blob");
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
    std::string out(size, '\0');
    std::size_t at = 0;
    while (at < size) {
        ssize_t count = ::read(file.get(), out.data() + at, size - at);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return failed("read blob");
        at += static_cast<std::size_t>(count);
    }
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

Result<int> remove_days(const std::string& root, std::int64_t day, int most) {
    int removed = 0;
    std::error_code ec;
    for (const std::string& folder : old_folders(root, day)) {
        for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
            if (removed == most) return removed;
            if (::unlink(entry.path().c_str()) != 0 && errno != ENOENT) return failed("remove old blob");
            ++removed;
        }
        if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) return failed("remove old blob folder");
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

rt::Task<Result<int>> retire_days(std::string folder, std::int64_t day, int most, rt::Deadline by) {
    CO_CHECK_OK(by.check());
    auto work = [root = std::move(folder), day, most] { return remove_days(root, day, most); };
    co_return co_await rt::on_pool(std::move(work));
}

Result<std::unique_ptr<Store>> open_directory(std::string path) {
    CHECK_OK(make_folder(path, 0700));
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return failed("look at the blob folder");
    if (::access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
        return fail(Error::unavailable(
            "The folder of large values, " + path +
                ", must be writable for this process's user or group (id " + std::to_string(::getegid()) +
                ").",
            std::strerror(errno)
        ));
    }
    Modes modes;
    if ((status.st_mode & S_IWGRP) != 0) modes = {.folder = 02770, .file = 0660};
    return std::make_unique<Directory>(std::move(path), modes);
}

}  // namespace weft::blob
