#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/time.h"
#include "platform/rt/deadline.h"
#include "platform/rt/task.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// Values that are written and read piece by piece, because they may be larger than the memory.
namespace weft::blob {

/// A value under way. One that is dropped before `release` leaves nothing; after a crash its beginning is a
/// leftover (`Streams::leftovers`). One call at a time.
class Writer {
  public:
    virtual ~Writer() = default;
    /// Errors: kUnavailable (disk full), kTimeout, kCancelled. After one only dropping it is left.
    virtual rt::Task<Result<void>> append(std::string bytes, rt::Deadline by) = 0;
    /// Durable when it returns: a row that refers to it may be committed after it.
    virtual rt::Task<Result<void>> finish(rt::Deadline by) = 0;
    /// It stays from now on: something refers to it.
    virtual void release() = 0;
};

class Reader {
  public:
    virtual ~Reader() = default;
    virtual std::uint64_t size() const = 0;
    /// Exactly `bytes` from `offset` on. Errors: kUnavailable (also when there are fewer).
    virtual rt::Task<Result<std::string>> read(std::uint64_t offset, std::size_t bytes, rt::Deadline by) = 0;
};

/// Something on the disk that may belong to nobody.
struct Leftover {
    Uuid name;
    bool is_unfinished = false;
};

/// Names are ids of ours (version 7).
class Streams {
  public:
    virtual ~Streams() = default;
    /// Errors: kUnavailable.
    virtual rt::Task<Result<std::unique_ptr<Writer>>> create(Uuid name, rt::Deadline by) = 0;
    /// Errors: kNotFound, kUnavailable.
    virtual rt::Task<Result<std::unique_ptr<Reader>>> open(Uuid name, rt::Deadline by) = 0;
    /// Finished or not. Absent is a success.
    virtual rt::Task<Result<void>> remove(Uuid name, rt::Deadline by) = 0;
    /// At most `most` values named after `after` and not written to since `age`, in the order of their
    /// names: for a sweep that asks which of them a row refers to. Errors: kUnavailable.
    virtual rt::Task<Result<std::vector<Leftover>>> leftovers(
        Uuid after, std::chrono::seconds age, std::size_t most, rt::Deadline by
    ) = 0;
};

/// In the folder of `open_directory`, which must have been called for it: beside its days, in days of their
/// own ("f20423"), so that values that go by the day do not take these along. I/O on the pool.
Result<std::unique_ptr<Streams>> open_streams(std::string path);

}  // namespace weft::blob
