#pragma once

#include "base/error.h"
#include "base/json.h"
#include "core/schema/schema.h"
#include "platform/rt/task.h"

#include <cstddef>
#include <functional>
#include <string>

namespace weft::engine {

/// A value of the run: its text, and the tree that it says.
struct Value {
    std::string text;
    Json tree;
};

/// Reads JSON that a run brought or made, off the loop if it is large. A sandbox is hostile: what it calls
/// JSON is looked at before it is stored or sent on. kInvalid or kLimit as parse_json.
rt::Task<Result<Value>> read_value(std::string text);

/// Asks `check` with little work first, which a loop can bear, and off the loop with all of it only when that
/// was not enough or the value has many `bytes`. What `check` refers to outlives the call.
rt::Task<Result<void>> check_value(std::size_t bytes, std::function<Result<void>(schema::Work)> check);

}  // namespace weft::engine
