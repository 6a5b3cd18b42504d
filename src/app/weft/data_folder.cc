#include "app/weft/data_folder.h"

#include "base/bytes.h"
#include "platform/crypto/crypto.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

namespace weft::app {

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr const char* kRunFolder = "/run/weft";
constexpr std::size_t kSocketFolderMax = 80;  // leaves room for ".s.PGSQL.5432" below 107

Error trouble(std::string_view what, const std::string& path) {
    std::string why = std::strerror(errno);
    return Error::unavailable("Could not " + std::string(what) + " " + path + ": " + why + ".");
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
    while (!content.empty()) {
        ssize_t sent = ::write(fd, content.data(), content.size());
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return fail(trouble("write", path));
        content.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

}  // namespace

Result<std::string> socket_folder_of(const std::string& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return fail(trouble("read", path));
    std::array<char, 48> unique{};
    std::snprintf(unique.data(), unique.size(), "%lx-%lx", info.st_dev, info.st_ino);
    if (::geteuid() == 0) return std::string(kRunFolder) + "/" + unique.data();
    if (path.size() + 4 <= kSocketFolderMax) return path + "/run";
    return "/tmp/weft-" + std::to_string(::getuid()) + "-" + unique.data();
}

Result<void> make_folder(const std::string& path, mode_t mode) {
    std::error_code ec;
    auto parent = std::filesystem::path(path).parent_path();
    std::filesystem::create_directories(parent, ec);
    if (::mkdir(path.c_str(), mode) == 0) {
        ::chmod(path.c_str(), mode);  // past the umask
        return {};
    }
    struct stat info{};
    if (errno == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
    return fail(trouble("create the folder", path));
}

Result<std::string> read_file(const std::string& path) {
    proc::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file && errno == ENOENT) return fail(Error::not_found("There is no file " + path + "."));
    if (!file) return fail(trouble("read", path));
    std::string content;
    std::array<char, 4096> chunk;
    for (;;) {
        ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0) return fail(trouble("read", path));
        if (got == 0) return content;
        content.append(chunk.data(), static_cast<std::size_t>(got));
    }
}

Result<DataFolder> DataFolder::open(const std::string& path, Rng& rng) {
    std::error_code ec;
    std::string absolute = std::filesystem::absolute(path, ec).lexically_normal().string();
    while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
    CHECK_OK(make_folder(absolute, 0711));
    std::string lock_path = absolute + "/lock";
    proc::Fd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return fail(trouble("open", lock_path));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        std::string holder = read_file(lock_path).value_or("");
        return fail(Error::conflict(
            "Another weft serve" + (holder.empty() ? "" : " (process " + holder + ")") + " is using " +
            absolute + ". Stop it, or choose another folder with WEFT_DATA or --data."
        ));
    }
    std::string pid = std::to_string(::getpid());
    if (::ftruncate(lock.get(), 0) != 0) return fail(trouble("write", lock_path));
    CHECK_OK(write_all(lock.get(), pid, lock_path));
    for (const char* part : {"keys", "secrets", "log"}) CHECK_OK(make_folder(absolute + "/" + part, 0700));
    return DataFolder(absolute, std::move(lock), rng);
}

Result<void> DataFolder::write(std::string_view relative, std::string_view content, mode_t mode) {
    return replace(relative, content, mode, Sync::kYes);
}

Result<void> DataFolder::write_briefly(std::string_view relative, std::string_view content, mode_t mode) {
    return replace(relative, content, mode, Sync::kNo);
}

Result<void> DataFolder::replace(
    std::string_view relative, std::string_view content, mode_t mode, Sync sync
) {
    std::string path = at(relative);
    std::string fresh = path + ".new";
    proc::Fd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!file || ::fchmod(file.get(), mode) != 0) return fail(trouble("write", fresh));
    CHECK_OK(write_all(file.get(), content, fresh));
    if ((sync == Sync::kYes && ::fsync(file.get()) != 0) || ::rename(fresh.c_str(), path.c_str()) != 0) {
        return fail(trouble("write", path));
    }
    if (sync == Sync::kNo) return {};
    proc::Fd folder(
        ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    );
    if (folder) ::fsync(folder.get());
    return {};
}

Result<void> DataFolder::share(std::string_view relative, const std::optional<proc::Identity>& owner) {
    constexpr mode_t kFolderMode = 02770;  // new files get the group, whoever makes them
    constexpr mode_t kFileMode = 0660;
    std::string path = at(relative);
    CHECK_OK(make_folder(path, 0700));
    if (!owner) return {};
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return fail(trouble("read", path));
    if (info.st_uid == owner->uid && info.st_gid == owner->gid && (info.st_mode & 07777) == kFolderMode)
        return {};
    std::vector<std::pair<std::string, mode_t>> paths;
    std::error_code ec;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path, ec)) {
        if (entry.is_symlink()) continue;
        paths.emplace_back(entry.path().string(), entry.is_directory() ? kFolderMode : kFileMode);
    }
    if (ec) return fail(Error::unavailable("Could not read " + path + ": " + ec.message() + "."));
    paths.emplace_back(path, kFolderMode);  // the last: it tells that all is done
    for (const auto& [each, mode] : paths) {
        bool is_given = ::lchown(each.c_str(), owner->uid, owner->gid) == 0 &&
                        ::fchmodat(AT_FDCWD, each.c_str(), mode, AT_SYMLINK_NOFOLLOW) == 0;
        if (!is_given) return fail(trouble("give away", each));
    }
    return {};
}

Result<std::string> DataFolder::read_or_make(const std::string& relative) {
    auto existing = read_file(at(relative));
    if (!existing && existing.error().code != Code::kNotFound) return existing;
    if (!existing) {
        std::array<std::byte, kKeyBytes> bytes;
        rng_->fill(bytes);
        std::string text = base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) + "\n";
        CHECK_OK(write(relative, text, 0600));
        return text.substr(0, text.size() - 1);
    }
    while (!existing->empty() && existing->back() == '\n') existing->pop_back();
    struct stat info{};
    if (::stat(at(relative).c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
        return fail(Error::invalid(
            at(relative) + " may be read by others. Run: chmod 600 " + at(relative) +
            ", and consider what it protects as known."
        ));
    }
    return existing;
}

Result<Secret> DataFolder::key(const std::string& name) {
    return crypto::read_key_file(at("keys/" + name + ".key"), *rng_);
}

Result<Secret> DataFolder::password(const std::string& name) {
    TRY(std::string text, read_or_make("secrets/" + name));
    if (text.empty())
        return fail(Error::invalid(at("secrets/" + name) + " is empty. Delete it; it is made anew."));
    return Secret(std::move(text));
}

Result<std::string> DataFolder::socket_folder(const proc::Identity* owner) {
    TRY(std::string folder, socket_folder_of(path_));
    if (::geteuid() == 0) CHECK_OK(make_folder(kRunFolder, 0755));
    CHECK_OK(make_folder(folder, 0755));
    struct stat info{};
    // In a folder that others may write, somebody may have been here first.
    if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return fail(trouble("use", folder));
    bool is_ours = info.st_uid == ::geteuid() || (owner && info.st_uid == owner->uid);
    if (!is_ours)
        return fail(Error::unavailable(folder + " belongs to another user. Remove it and start again."));
    if (owner && ::chown(folder.c_str(), owner->uid, owner->gid) != 0)
        return fail(trouble("give away", folder));
    return folder;
}

}  // namespace weft::app
