#pragma once

#include "platform/pg/row.h"
#include "store/runs/runs.h"

namespace weft::pg {

template <>
struct Reader<runstate::RunStatus> : WordReader<runstate::RunStatus, runstate::run_status_from> {};
template <>
struct Reader<runstate::StepStatus> : WordReader<runstate::StepStatus, runstate::step_status_from> {};
template <>
struct Reader<runstate::FailureKind> : WordReader<runstate::FailureKind, runstate::failure_kind_from> {};
template <>
struct Reader<store::runs::StepSource> : WordReader<store::runs::StepSource, store::runs::step_source_from> {
};
template <>
struct Reader<store::runs::Cause> : WordReader<store::runs::Cause, store::runs::cause_from> {};
template <>
struct Reader<store::runs::EventKind> : WordReader<store::runs::EventKind, store::runs::event_kind_from> {};
template <>
struct Reader<store::runs::ValueSlot> {
    static constexpr Kind kKind = Kind::kText;
    static bool read(std::string_view text, store::runs::ValueSlot& to) {
        const auto slot = store::runs::ValueSlot::parse(text);
        if (slot) to = *slot;
        return slot.has_value();
    }
};

}  // namespace weft::pg

namespace weft::store::runs {

inline constexpr auto kPayload = pg::columns(
    pg::column<&StoredPayload::slot>("slot"),
    pg::column<&StoredPayload::size_bytes>("size_bytes"),
    pg::column<&StoredPayload::codec>("codec"),
    pg::column<&StoredPayload::key_id>("key_id"),
    pg::bytes<&StoredPayload::data>("data"),
    pg::column<&StoredPayload::blob>("blob_ref")
);
inline constexpr auto kUsed = pg::columns(
    pg::column<&Used::cpu_us>("cpu_us"),
    pg::column<&Used::memory_byte_seconds>("memory_byte_seconds"),
    pg::column<&Used::bytes_in>("bytes_in"),
    pg::column<&Used::bytes_out>("bytes_out"),
    pg::column<&Used::calls>("calls")
);
inline constexpr auto kUsedByRun = kUsed + pg::columns(pg::column<&Used::steps>("steps"));

inline constexpr auto kStep = pg::columns(
                                  pg::column<&StepRun::step>("step_id"),
                                  pg::column<&StepRun::iteration>("iteration"),
                                  pg::column<&StepRun::position>("position"),
                                  pg::column<&StepRun::state>("state"),
                                  pg::column<&StepRun::attempt>("attempt"),
                                  pg::column<&StepRun::failure_kind>("failure_kind"),
                                  pg::column<&StepRun::error>("error"),
                                  pg::column<&StepRun::idempotency_key>("idempotency_key"),
                                  pg::column<&StepRun::intent_at>("intent_at"),
                                  pg::column<&StepRun::started_at>("started_at"),
                                  pg::column<&StepRun::finished_at>("finished_at")
                              ) +
                              pg::nested<StepRun, &StepRun::used, kUsed>();

inline constexpr auto kRun = pg::columns(
                                 pg::column<&Run::id>("id"),
                                 pg::column<&Run::workflow>("workflow_id"),
                                 pg::column<&Run::workflow_key>("workflow_key"),
                                 pg::column<&Run::workflow_name>("workflow_name"),
                                 pg::column<&Run::version>("workflow_version_id"),
                                 pg::column<&Run::version_number>("number"),
                                 pg::column<&Run::trigger>("trigger_id"),
                                 pg::column<&Run::rerun_of>("rerun_of"),
                                 pg::column<&Run::cause>("cause"),
                                 pg::column<&Run::parent>("parent_run_id"),
                                 pg::column<&Run::parent_step>("parent_step_id"),
                                 pg::column<&Run::parent_iteration>("parent_iteration"),
                                 pg::column<&Run::state>("state"),
                                 pg::column<&Run::failure_kind>("failure_kind"),
                                 pg::column<&Run::error>("error"),
                                 pg::column<&Run::tier>("tier"),
                                 pg::column<&Run::created_at>("created_at"),
                                 pg::column<&Run::started_at>("started_at"),
                                 pg::column<&Run::finished_at>("finished_at"),
                                 pg::column<&Run::is_cancel_requested>("is_cancel_requested"),
                                 pg::column<&Run::canceled_by>("canceled_by"),
                                 pg::column<&Run::canceled_by_name>("canceled_by_name"),
                                 pg::column<&Run::cancel_reason>("cancel_reason"),
                                 pg::column<&Run::held_stage>("held_stage"),
                                 pg::column<&Run::held_key>("held_key"),
                                 pg::column<&Run::runs_ahead>("runs_ahead"),
                                 pg::column<&Run::marks>("marks")
                             ) +
                             pg::nested<Run, &Run::used, kUsedByRun>();

}  // namespace weft::store::runs
