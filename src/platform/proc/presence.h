#pragma once

#include "base/error.h"
#include "platform/proc/proc.h"

#include <string>
#include <vector>

/// Who of several processes on one machine is still there.
namespace weft::proc {

/// A file that its process keeps locked (flock) for as long as it lives: the kernel lets go of the lock when
/// the process has ended, however it ended, and not before. That it is free therefore proves the end, if the
/// file was made under the kernel that is asked: the file says which boot that was. Process ids prove
/// nothing here, since containers have spaces of their own for them.
class Presence {
  public:
    /// Makes `folder` (for this user alone) and in it the file `name`, which must not exist. kUnavailable.
    static Result<Presence> announce(std::string folder, std::string name);

    Presence(Presence&&) noexcept = default;
    Presence& operator=(Presence&&) noexcept;
    /// Removes the file: who ends in order leaves nothing behind.
    ~Presence();

    /// The names of those whose end is proven; not of those who are merely stopped, and not of those who
    /// announced themselves to another kernel, whose files go after a day. A few system calls for each file.
    std::vector<std::string> departed() const;
    /// Removes the file of one of them: what was to be done about its end is done.
    void forget(const std::string& departed) const;

  private:
    Presence(std::string folder, std::string name, std::string boot, Fd lock)
        : folder_(std::move(folder)),
          name_(std::move(name)),
          boot_(std::move(boot)),
          lock_(std::move(lock)) {}
    void leave();

    std::string folder_;
    std::string name_;
    std::string boot_;
    Fd lock_;
};

}  // namespace weft::proc
