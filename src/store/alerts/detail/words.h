#pragma once

#include "base/words.h"
#include "platform/pg/row.h"
#include "store/alerts/alerts.h"

/// How rows spell the enums of alerts.
namespace weft::store::alerts::detail {

inline std::optional<State> state_from(std::string_view text) {
    return find_word<State>(kStates, text);
}

}  // namespace weft::store::alerts::detail

namespace weft::pg {

template <>
struct Reader<store::alerts::State> : WordReader<store::alerts::State, store::alerts::detail::state_from> {};
template <>
struct Reader<alert::Channel> : WordReader<alert::Channel, alert::channel_from> {};
template <>
struct Reader<runstate::RunStatus> : WordReader<runstate::RunStatus, runstate::run_status_from> {};
template <>
struct Reader<runstate::FailureKind> : WordReader<runstate::FailureKind, runstate::failure_kind_from> {};

}  // namespace weft::pg
