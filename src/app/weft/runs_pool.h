#pragma once

#include "platform/pg/pg.h"

#include <memory>
#include <string>

namespace weft::app {

/// For what people read of runs: lists that walk an index in its order and stop early, over tables of many
/// partitions. Those take longer to plan than to read, so they are planned once for a connection.
std::unique_ptr<pg::Pool> make_runs_pool(rt::Loop& loop, std::string url);

}  // namespace weft::app
