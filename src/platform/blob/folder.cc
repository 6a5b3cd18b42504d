#include "platform/blob/detail/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weft::blob::detail {

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

std::unexpected<Error> failed(std::string_view what) {
    return fail(
        Error::unavailable("Storage is not available", std::string(what) + ": " + std::strerror(errno))
    );
}

Result<Modes> modes_of(const std::string& root) {
    struct stat status{};
    if (::stat(root.c_str(), &status) != 0) return failed("look at the blob folder");
    if ((status.st_mode & S_IWGRP) != 0) return Modes{.folder = 02770, .file = 0660};
    return Modes{};
}

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

Result<Descriptor> make_file(const std::string& path, mode_t mode) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open() || ::fchmod(file.get(), mode) != 0) return failed("open blob");
    return file;
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

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t bytes) {
    std::string out(bytes, '\0');
    std::size_t at = 0;
    while (at < bytes) {
        ssize_t count = ::pread(fd, out.data() + at, bytes - at, static_cast<off_t>(offset + at));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("read blob");
        if (count == 0) break;
        at += static_cast<std::size_t>(count);
    }
    out.resize(at);
    return out;
}

std::string day_of(const Uuid& name) {
    std::int64_t millis = 0;
    for (std::size_t i = 0; i < 6; ++i) millis = millis << 8 | name.bytes[i];
    return std::to_string(millis / 86'400'000);
}

}  // namespace weft::blob::detail
