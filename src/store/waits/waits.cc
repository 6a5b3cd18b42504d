#include "store/waits/waits.h"

#include "base/words.h"
#include "platform/pg/row.h"
#include "store/waits/queries.h"

namespace weft::pg {

template <>
struct Reader<store::waits::State> : WordReader<store::waits::State, store::waits::state_from> {};
template <>
struct Reader<store::runs::WaitKind> : WordReader<store::runs::WaitKind, store::waits::kind_from> {};

}  // namespace weft::pg

namespace weft::store::waits {

namespace {

constexpr auto kTarget = pg::columns(
    pg::column<&Target::tenant>("tenant_id"),
    pg::column<&Target::run>("run_id"),
    pg::column<&Target::step>("step_id"),
    pg::column<&Target::iteration>("iteration"),
    pg::column<&Target::state>("state"),
    pg::column<&Target::is_late>("is_late"),
    pg::column<&Target::kind>("kind"),
    pg::column<&Target::policy>("policy"),
    pg::bytes<&Target::token_hash>("token_hash")
);

pg::Params answer_params(
    const Target& target, const runs::StoredPayload& value, const std::optional<std::string>& failure
) {
    auto params = pg::params(target.run, target.step, target.iteration, failure);
    params.add(value.slot.text())
        .add(value.size_bytes)
        .add(static_cast<std::int16_t>(value.codec))
        .add(value.key_id)
        .add(pg::maybe_bytes(value.data))
        .add(value.blob ? std::optional(value.blob->text()) : std::nullopt);
    return params;
}

}  // namespace

std::optional<State> state_from(std::string_view text) {
    return find_word<State>(kStates, text);
}
std::optional<runs::WaitKind> kind_from(std::string_view text) {
    return find_word<runs::WaitKind>(runs::kWaitKinds, text);
}

rt::Task<Result<std::optional<Target>>> find_by_token(
    pg::Pool& pool, std::string token_hash, rt::Deadline by
) {
    const auto who = pg::Principal::system(pg::SystemRole::kIngest);
    auto params = pg::params(pg::Bytes{token_hash});
    CO_TRY(auto rows, co_await pool.query(who, sql::kFindWait, std::move(params), by));
    co_return pg::first(rows, kTarget);
}

rt::Task<Result<bool>> answer(
    pg::Pool& pool,
    Target target,
    runs::StoredPayload value,
    std::optional<std::string> failure,
    rt::Deadline by
) {
    pg::Batch batch;
    batch.as(pg::Principal::tenant(target.tenant));
    batch.add(sql::kLockJob, pg::params(target.run));
    batch.add(sql::kTakeAnswer, answer_params(target, value, failure));
    batch.add(sql::kWakeTenant, pg::Params());
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));
    CO_TRY(const auto taken, pg::value<std::int64_t>(answers[1], "taken"));
    co_return taken > 0;
}

rt::Task<Result<bool>> answer(
    Db db, Target target, runs::StoredPayload value, std::optional<std::string> failure, rt::Deadline by
) {
    CO_TRY(
        const bool is_taken,
        co_await answer_held(db, std::move(target), std::move(value), std::move(failure), by)
    );
    CO_CHECK_OK(co_await db.query(sql::kWakeTenant, pg::Params(), by));
    co_return is_taken;
}

rt::Task<Result<bool>> answer_held(
    Db db, Target target, runs::StoredPayload value, std::optional<std::string> failure, rt::Deadline by
) {
    CO_CHECK_OK(co_await db.query(sql::kLockJob, pg::params(target.run), by));
    CO_TRY(auto rows, co_await db.query(sql::kTakeAnswer, answer_params(target, value, failure), by));
    CO_TRY(const auto taken, pg::value<std::int64_t>(rows, "taken"));
    co_return taken > 0;
}

rt::Task<Result<std::vector<OpenWaits>>> count_open(pg::Pool& pool, rt::Deadline by) {
    constexpr auto kRow =
        pg::columns(pg::column<&OpenWaits::kind>("kind"), pg::column<&OpenWaits::count>("waits"));
    const auto who = pg::Principal::system(pg::SystemRole::kDispatch);
    CO_TRY(auto rows, co_await pool.query(who, sql::kCountOpen, pg::Params(), by));
    co_return pg::all(rows, kRow);
}

}  // namespace weft::store::waits
