#include "platform/proc/presence.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

namespace weft::proc {

namespace {

constexpr int kFilesMax = 1'000;            // looked at in one go
constexpr time_t kForeignSeconds = 86'400;  // what no kernel of today answers for is removed

Error trouble(std::string_view what, const std::string& path) {
    return Error::unavailable(
        "Could not " + std::string(what) + " " + path + ": " + std::strerror(errno) + "."
    );
}

std::string read_start(int fd) {
    std::array<char, 64> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    std::string out(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    while (out.ends_with('\n')) out.pop_back();
    return out;
}

/// One for each start of a kernel; the same in all of its containers.
std::string boot_id() {
    Fd file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    return file ? read_start(file.get()) : "";
}

enum class Standing { kThere, kDeparted, kForeign };

/// Whoever is being looked at by another at this moment counts as there: the next look tells.
Standing look_at(const std::string& path, const std::string& boot) {
    Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return Standing::kThere;
    if (read_start(file.get()) == boot) return Standing::kDeparted;
    struct stat info{};
    const bool is_old = ::fstat(file.get(), &info) == 0 && info.st_mtime + kForeignSeconds < ::time(nullptr);
    return is_old ? Standing::kForeign : Standing::kThere;
}

}  // namespace

Result<Presence> Presence::announce(std::string folder, std::string name) {
    std::string boot = boot_id();
    if (boot.empty()) {
        return fail(Error::unavailable("Could not read /proc/sys/kernel/random/boot_id; mount /proc."));
    }
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(trouble("create the folder", folder));
    }
    // Under its name only once it is locked: until then it would look like one who has ended.
    const std::string path = folder + "/" + name;
    const std::string beside = folder + "/." + name;
    Fd file(::open(beside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return fail(trouble("create", beside));
    // Another one may be looking at it at this moment, hence not without waiting.
    const bool is_made = ::flock(file.get(), LOCK_EX) == 0 &&
                         ::write(file.get(), boot.data(), boot.size()) == static_cast<ssize_t>(boot.size()) &&
                         ::rename(beside.c_str(), path.c_str()) == 0;
    if (is_made) return Presence(std::move(folder), std::move(name), std::move(boot), std::move(file));
    Error why = trouble("lock", beside);
    ::unlink(beside.c_str());
    return fail(std::move(why));
}

Presence& Presence::operator=(Presence&& other) noexcept {
    if (this == &other) return *this;
    leave();
    folder_ = std::move(other.folder_);
    name_ = std::move(other.name_);
    boot_ = std::move(other.boot_);
    lock_ = std::move(other.lock_);
    return *this;
}

Presence::~Presence() {
    leave();
}

void Presence::leave() {
    if (lock_) forget(name_);
}

std::vector<std::string> Presence::departed() const {
    std::vector<std::string> out;
    const std::unique_ptr<DIR, decltype(&::closedir)> all(::opendir(folder_.c_str()), &::closedir);
    if (!all) return out;
    for (int seen = 0; seen < kFilesMax; ++seen) {
        const dirent* entry = ::readdir(all.get());
        if (entry == nullptr) break;
        const std::string name = entry->d_name;
        if (name == name_ || name == "." || name == "..") continue;
        switch (look_at(folder_ + "/" + name, boot_)) {
            case Standing::kThere:
                break;
            case Standing::kDeparted:
                // Of one that ended before it was announced there is nothing to do.
                if (name.starts_with('.'))
                    forget(name);
                else
                    out.push_back(name);
                break;
            case Standing::kForeign:
                forget(name);
                break;
        }
    }
    return out;
}

void Presence::forget(const std::string& departed) const {
    ::unlink((folder_ + "/" + departed).c_str());
}

}  // namespace weft::proc
