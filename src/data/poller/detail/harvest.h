#pragma once

#include "base/error.h"
#include "base/json.h"
#include "store/files/files.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::poller {

/// Something new: it begins a run.
struct Found {
    std::vector<std::string> keys;  // digests that it is remembered by; the run's event is known by the first
    std::string value;              // JSON text
    std::vector<std::unique_ptr<store::files::Upload>> files;  // whole, and in the value
    std::vector<FileId> file_ids;
};

/// What a look at a source that is no HTTP call has found, before any of it is in the database.
struct Harvest {
    std::vector<Found> items;
    std::vector<std::string> seen;  // digests that are dealt with without a run
    std::int64_t filtered = 0;
    std::int64_t size_filtered = 0;     // bytes of the last one
    std::optional<std::string> cursor;  // JSON text; nothing: as before
    bool is_more = false;               // the next look is soon
};

}  // namespace weft::poller
