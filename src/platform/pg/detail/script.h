#pragma once

#include "platform/pg/detail/link.h"
#include "platform/pg/pg.h"

#include <memory>
#include <string>

namespace weft::pg::detail {

/// The answer of a script's last statement has at most this many rows.
inline constexpr int kScriptRowsMax = 100'000;

/// The simple protocol on a Link of its own: runs one text of many statements; the answer of the last one.
rt::Task<Result<ScriptAnswer>> run_script(
    std::shared_ptr<Link> link, std::string text, rt::Deadline by, ServerError* failed
);

}  // namespace weft::pg::detail
