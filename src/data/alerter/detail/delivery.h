#pragma once

#include "core/alert/alert.h"
#include "data/alerter/alerter.h"
#include "store/alerts/outbox.h"

#include <optional>
#include <string>

namespace weft::alerter::detail {

/// What came of an attempt.
struct Attempt {
    std::optional<std::string> problem;  // a sentence for the rule's owner; nothing: the message was taken
    bool is_gone = false;                // 410: whoever was there wants no more
    bool is_aborted = false;             // this process ends; nothing is known
    std::optional<Millis> retry_after = std::nullopt;
};

/// Sends the message to whom the rule tells, until `by`. The target is opened here and nowhere else.
rt::Task<Attempt> deliver(
    const Needs& needs, store::alerts::Due due, alert::Message message, rt::Deadline by
);

}  // namespace weft::alerter::detail
