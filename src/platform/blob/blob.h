#pragma once

#include "base/error.h"
#include "base/id.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <cstddef>
#include <memory>
#include <string>

/// Where values live that are too large for a row. Names are ids of ours, never a tenant's text.
namespace weft::blob {

class Store {
  public:
    virtual ~Store() = default;

    /// Durable when it returns: a row that refers to `name` may be committed after it. Writing the same name
    /// again replaces the value whole. Errors: kUnavailable (disk full, retry), kTimeout, kCancelled.
    virtual rt::Task<Result<void>> put(Uuid name, std::string bytes, rt::Deadline by) = 0;
    /// Errors: kNotFound, kLimit (larger than `bytes_max`), kUnavailable.
    virtual rt::Task<Result<std::string>> get(Uuid name, std::size_t bytes_max, rt::Deadline by) = 0;
    /// Absent is a success.
    virtual rt::Task<Result<void>> remove(Uuid name, rt::Deadline by) = 0;
};

/// Files under `path` (made when absent, mode 0700; if its group may write, what is made in it is for the
/// group too), one folder per day of the name's time, so that a day is retired by removing its folder. Each
/// is written beside its place, fsynced and renamed. I/O on the pool.
Result<std::unique_ptr<Store>> open_directory(std::string path);

}  // namespace weft::blob
