#include "base/bytes.h"
#include "platform/crypto/crypto.h"

#include <sodium.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <vector>

namespace weft::crypto {

namespace {

constexpr std::size_t kFileBytesMax = 16u << 10;
constexpr std::string_view kTitle =
    "# Weft master key. Whoever has this file and the database has all secrets.\n";

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

/// 32 bytes in memory that is locked, guarded and wiped.
class LockedKey {
  public:
    LockedKey(Uuid key_id, std::string_view bytes)
        : id_(key_id), bytes_(static_cast<unsigned char*>(sodium_malloc(kKeyBytes))) {
        if (bytes_ != nullptr) std::memcpy(bytes_, bytes.data(), kKeyBytes);
    }
    ~LockedKey() {
        if (bytes_ != nullptr) sodium_free(bytes_);
    }
    LockedKey(LockedKey&& other) noexcept : id_(other.id_), bytes_(std::exchange(other.bytes_, nullptr)) {}
    LockedKey& operator=(LockedKey&&) = delete;

    bool is_valid() const { return bytes_ != nullptr; }
    const Uuid& id() const { return id_; }
    /// A copy for the length of one operation.
    SymmetricKey key() const {
        return {id_, Secret(std::string(reinterpret_cast<const char*>(bytes_), kKeyBytes))};
    }

  private:
    Uuid id_;
    unsigned char* bytes_;
};

class FileKeyWrapper final : public KeyWrapper {
  public:
    explicit FileKeyWrapper(std::vector<LockedKey> keys) : keys_(std::move(keys)) {}

    rt::Task<Result<std::string>> wrap(Secret key, Aad aad, rt::Deadline) override {
        co_return seal(keys_.front().key(), key.reveal(), aad);
    }
    rt::Task<Result<Secret>> unwrap(std::string wrapped, Aad aad, rt::Deadline) override {
        CO_TRY(Uuid id, key_id_of(wrapped));
        for (const auto& candidate : keys_) {
            if (candidate.id() == id) co_return open(candidate.key(), wrapped, aad);
        }
        co_return fail(Error::invalid("The master key file lacks the key that wrapped this one"));
    }

  private:
    std::vector<LockedKey> keys_;
};

Error file_error(const std::string& path, std::string_view what) {
    std::string user = "The key file " + path + " " + std::string(what);
    return Error::unavailable(std::move(user));
}

std::string because(std::string_view what) {
    return std::string(what) + ": " + std::strerror(errno);
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        auto written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

/// Writes a complete file under a name of its own and links it to `path`: whoever comes second fails to link
/// and uses the first one's key; a crash leaves no half file at `path`.
Result<void> create(const std::string& path, Rng& rng) {
    Uuid id = Uuid::v7(Instant{}, rng);  // its random half is enough: nothing sorts keys
    Secret key = random_bytes(rng, kKeyBytes);
    Secret text(std::string(kTitle) + id.text() + " " + base64(key.reveal()) + "\n");
    std::string temporary = path + "." + id.text();
    {
        Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)
        );
        if (file.get() < 0) return fail(file_error(path, because("cannot be created")));
        if (!write_all(file.get(), text.reveal()) || ::fsync(file.get()) != 0) {
            Error error = file_error(path, because("cannot be written"));
            ::unlink(temporary.c_str());
            return fail(std::move(error));
        }
    }
    int linked = ::link(temporary.c_str(), path.c_str());
    int why = errno;
    ::unlink(temporary.c_str());
    errno = why;
    if (linked != 0 && why != EEXIST) return fail(file_error(path, because("cannot be created")));
    auto slash = path.rfind('/');
    std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
    Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0)
        return fail(file_error(path, because("cannot be made durable")));
    return {};
}

Result<Secret> read_checked(const std::string& path, int fd) {
    struct stat info{};
    if (::fstat(fd, &info) != 0) return fail(file_error(path, because("cannot be examined")));
    if (!S_ISREG(info.st_mode)) return fail(file_error(path, "is not a regular file"));
    if (info.st_uid != ::geteuid())
        return fail(file_error(path, "belongs to another user; chown it to this one"));
    if ((info.st_mode & 077) != 0) return fail(file_error(path, "is open to others; run: chmod 600 " + path));
    if (info.st_size > static_cast<off_t>(kFileBytesMax)) return fail(file_error(path, "is too large"));
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t at = 0;
    while (at < text.size()) {
        auto got = ::read(fd, text.data() + at, text.size() - at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail(file_error(path, "cannot be read"));
        at += static_cast<std::size_t>(got);
    }
    return Secret(std::move(text));
}

Result<std::vector<LockedKey>> parse(const Secret& text) {
    std::vector<LockedKey> keys;
    auto left = text.reveal();
    while (!left.empty()) {
        auto end = std::min(left.find('\n'), left.size());
        auto line = left.substr(0, end);
        left.remove_prefix(std::min(end + 1, left.size()));
        if (line.empty() || line[0] == '#') continue;
        auto space = line.find(' ');
        auto id = Uuid::parse(line.substr(0, std::min(space, line.size())));
        auto bytes = space == line.npos ? std::nullopt : from_base64(line.substr(space + 1));
        if (!id || !bytes || bytes->size() != kKeyBytes)
            return fail(Error::invalid("The master key file is damaged; restore it from a backup"));
        Secret holder(std::move(*bytes));
        keys.emplace_back(*id, holder.reveal());
        if (!keys.back().is_valid()) return fail(Error::internal("no locked memory for the master key"));
    }
    if (keys.empty())
        return fail(Error::invalid("The master key file holds no key; restore it from a backup"));
    return keys;
}

}  // namespace

Result<Secret> read_key_file(const std::string& path, Rng& rng) {
    int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        CHECK_OK(create(path, rng));
        fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd < 0) return fail(file_error(path, because("cannot be opened")));
    Descriptor file(fd);
    return read_checked(path, file.get());
}

Result<std::unique_ptr<KeyWrapper>> make_key_wrapper(const Secret& key_file_text) {
    TRY(auto keys, parse(key_file_text));
    return std::unique_ptr<KeyWrapper>(std::make_unique<FileKeyWrapper>(std::move(keys)));
}

}  // namespace weft::crypto
