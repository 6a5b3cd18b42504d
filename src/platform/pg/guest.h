#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::pg {

/// Where a guest knocks: a database that is not ours.
struct Door {
    std::string host;
    std::uint16_t port = 5432;
    std::string database;
    std::string user;
    Secret password;
    bool is_plain = false;  // without TLS; otherwise the certificate has to be one for `host`
    std::string ca_file;    // whose authorities are trusted; empty: the system's
    /// Asked with each address that is about to be dialled.
    std::function<Result<void>(std::string_view ip, std::uint16_t port)> check_address;
};

/// A connection to a database that is not ours, which reads and writes nothing there. One call at a time.
/// Errors, each a sentence for who made the connection, in the server's words where it spoke:
/// kUnauthenticated, kForbidden (check_address), kInvalid (the server refused a statement), kLimit,
/// kUnavailable, kTimeout, kCancelled. After any but kInvalid only dropping it is left.
class Guest {
  public:
    struct Parts;
    explicit Guest(std::unique_ptr<Parts> parts);
    ~Guest();
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    static rt::Task<Result<std::unique_ptr<Guest>>> open(rt::Loop& loop, Door door, rt::Deadline by);

    /// A name, quoted by this server's rules. kInvalid: it is none in the connection's encoding.
    Result<std::string> quoted(std::string_view name) const;

    using Row = std::vector<std::optional<std::string>>;
    using Values = std::vector<std::optional<std::string>>;
    struct Bounds {
        std::size_t rows = 1'000;
        std::size_t bytes = 16u << 20;  // of all values
    };
    /// One statement; `values` are bound, never part of the text.
    rt::Task<Result<std::vector<Row>>> ask(std::string text, Values values, Bounds bounds, rt::Deadline by);

    /// Notices of this channel come from now on; a name as the database has it.
    rt::Task<Result<void>> listen(std::string channel, rt::Deadline by);
    struct Notice {
        std::string channel;
        std::string payload;
    };
    /// At least one and at most `most` as soon as there are some; none when nothing has come by then.
    rt::Task<Result<std::vector<Notice>>> heard(std::size_t most, rt::Deadline by);

  private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace weft::pg
