#include "platform/proc/proc.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace weft::proc {

void Fd::reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

std::optional<Identity> find_user(const std::string& name) {
    const passwd* entry = ::getpwnam(name.c_str());
    if (!entry) return std::nullopt;
    return Identity{.uid = entry->pw_uid, .gid = entry->pw_gid, .user = name};
}

bool can_reach(const Identity& who, const std::string& path) {
    if (who.uid == 0) return true;
    std::error_code ec;
    auto real = std::filesystem::canonical(path, ec);
    if (ec) return false;
    for (auto folder = real.parent_path();; folder = folder.parent_path()) {
        struct stat info{};
        if (::stat(folder.c_str(), &info) != 0) return false;
        mode_t needed = info.st_uid == who.uid ? S_IXUSR : info.st_gid == who.gid ? S_IXGRP : S_IXOTH;
        if (!(info.st_mode & needed)) return false;
        if (folder == folder.root_path()) return true;
    }
}

Result<Fd> sealed_file(const char* name, std::string_view content) {
    Fd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    bool is_written =
        file && ::fchmod(file.get(), 0600) == 0 &&
        ::ftruncate(file.get(), static_cast<off_t>(content.size())) == 0 &&
        ::pwrite(file.get(), content.data(), content.size(), 0) == static_cast<ssize_t>(content.size());
    constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (!is_written || ::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) {
        return fail(Error::internal(std::string("in-memory file ") + name + ": " + std::strerror(errno)));
    }
    return file;
}

Result<std::string> read_sealed(int fd) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) {
        return fail(Error::internal(std::string("inherited file: ") + std::strerror(errno)));
    }
    std::string content(static_cast<std::size_t>(info.st_size), '\0');
    if (::pread(fd, content.data(), content.size(), 0) != info.st_size) {
        return fail(Error::internal("inherited file: short read"));
    }
    return content;
}

}  // namespace weft::proc
