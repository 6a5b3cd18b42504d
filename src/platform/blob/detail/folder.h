#pragma once

#include "base/error.h"
#include "base/id.h"

#include <sys/types.h>

#include <string>
#include <string_view>

namespace weft::blob::detail {

class Descriptor {
  public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Descriptor& operator=(Descriptor&&) = delete;
    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }

  private:
    int fd_;
};

/// kUnavailable, with errno's text.
std::unexpected<Error> failed(std::string_view what);

/// Modes of what is made: for this user, or for the group as well, as the folder itself says.
struct Modes {
    mode_t folder = 0700;
    mode_t file = 0600;
};
Result<Modes> modes_of(const std::string& root);

Result<void> make_folder(const std::string& path, mode_t mode);
Result<void> sync_folder(const std::string& path);
/// A new file for writing.
Result<Descriptor> make_file(const std::string& path, mode_t mode);
Result<void> write_all(int fd, std::string_view bytes);
/// Fewer than `bytes` at the end only.
Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t bytes);
/// Days since 1970 of a version 7 id.
std::string day_of(const Uuid& name);

}  // namespace weft::blob::detail
