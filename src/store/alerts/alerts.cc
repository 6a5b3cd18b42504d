#include "store/alerts/alerts.h"

#include "base/words.h"
#include "store/alerts/detail/words.h"
#include "store/alerts/queries.h"

#include <fmt/format.h>

namespace weft::store::alerts {

namespace {

constexpr std::string_view kMissing = "Alert not found";

constexpr auto kRule = pg::columns(
    pg::column<&Rule::id>("id"),
    pg::column<&Rule::name>("name"),
    pg::column<&Rule::workflow>("workflow_id"),
    pg::column<&Rule::states>("states"),
    pg::column<&Rule::failure_kinds>("failure_kinds"),
    pg::column<&Rule::channel>("channel"),
    pg::column<&Rule::target>("target"),
    pg::column<&Rule::previous_until>("previous_until"),
    pg::column<&Rule::group>("group_ms"),
    pg::column<&Rule::quiet>("quiet"),
    pg::column<&Rule::state>("state"),
    pg::column<&Rule::due_at>("due_at"),
    pg::column<&Rule::pending>("pending"),
    pg::column<&Rule::message>("message_id"),
    pg::column<&Rule::message_ends>("message_ends"),
    pg::column<&Rule::attempts>("attempts"),
    pg::column<&Rule::test_at>("test_at"),
    pg::column<&Rule::tested_at>("tested_at"),
    pg::column<&Rule::test_problem>("test_problem"),
    pg::column<&Rule::sent_at>("sent_at"),
    pg::column<&Rule::sent>("sent"),
    pg::column<&Rule::told>("told"),
    pg::column<&Rule::lost>("lost"),
    pg::column<&Rule::silenced>("silenced"),
    pg::column<&Rule::failing_since>("failing_since"),
    pg::column<&Rule::problem>("problem"),
    pg::column<&Rule::created_at>("created_at"),
    pg::column<&Rule::updated_at>("updated_at")
);

std::optional<std::string> text_of(const std::optional<Json>& value) {
    return value.transform([](const Json& given) { return to_text(given); });
}

/// A text[]; null for nothing.
std::optional<std::string> list_of(const std::optional<std::vector<std::string>>& words) {
    if (!words) return std::nullopt;
    std::string out = "{";
    for (const std::string& word : *words) out += (out.size() > 1 ? "," : "") + word;
    return out + "}";
}

rt::Task<Result<void>> add_secret(Db db, AlertRuleId rule, std::string sealed, rt::Deadline by) {
    CO_CHECK_OK(co_await db.query(sql::kAddSecret, pg::params(rule, pg::Bytes{sealed}), by));
    co_return Result<void>();
}

Result<Rule> found(const Result<pg::Rows>& rows) {
    if (!rows && violates(rows.error(), "alert_rule_tenant_id_workflow_id_fkey"))
        return fail(Error::not_found("Workflow not found").with_field("workflow_id"));
    return one(rows, kRule, kMissing);
}

}  // namespace

std::string_view name(Health health) {
    static constexpr std::array<std::string_view, 3> kHealths = {"active", "failing", "disabled"};
    return word_of(kHealths, health);
}

Health health_of(const Rule& rule) {
    if (rule.state == State::kDisabled) return Health::kDisabled;
    return rule.failing_since ? Health::kFailing : Health::kActive;
}

crypto::Aad owner_of(TenantId tenant, AlertRuleId rule, Field field) {
    return crypto::Aad{
        tenant.text(), rule.text(), field == Field::kTarget ? "target" : "secret", "1", "alert"
    };
}

rt::Task<Result<Rule>> add(Db db, NewRule rule, rt::Deadline by) {
    CO_TRY(auto counted, co_await db.query(sql::kCount, pg::Params(), by));
    CO_TRY(const auto rules, pg::value<std::int64_t>(counted, "rules"));
    if (rules >= kRulesMax)
        co_return fail(Error::limit(fmt::format("A tenant has at most {} alerts; delete one first", kRulesMax)
        ));
    const Settings& settings = rule.settings;
    auto params = pg::params(
        rule.id,
        settings.name,
        settings.workflow,
        list_of(settings.states),
        list_of(settings.failure_kinds),
        name(rule.channel),
        rule.target,
        pg::Bytes{rule.sealed_target},
        static_cast<std::int64_t>(settings.group.count()),
        text_of(settings.quiet)
    );
    auto made = found(co_await db.query(sql::kAdd, std::move(params), by));
    if (made && rule.sealed_secret) CO_CHECK_OK(co_await add_secret(db, rule.id, *rule.sealed_secret, by));
    co_return made;
}

rt::Task<Result<Page<Rule>>> list(
    Db db, std::optional<WorkflowId> workflow, PageRequest page, rt::Deadline by
) {
    auto params = pg::params(workflow, page.after, fetch_limit(page));
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    co_return page_of(rows, kRule, page);
}

rt::Task<Result<Rule>> find(Db db, AlertRuleId id, rt::Deadline by) {
    co_return found(co_await db.query(sql::kFind, pg::params(id), by));
}

rt::Task<Result<Rule>> change(
    Db db, AlertRuleId id, Settings settings, std::optional<NewTarget> target, rt::Deadline by
) {
    if (target) {
        auto params = pg::params(id, target->shown, pg::Bytes{target->sealed});
        CO_CHECK_OK(co_await db.query(sql::kReplaceTarget, std::move(params), by));
    }
    auto params = pg::params(
        id,
        settings.name,
        settings.workflow,
        list_of(settings.states),
        list_of(settings.failure_kinds),
        static_cast<std::int64_t>(settings.group.count()),
        text_of(settings.quiet)
    );
    co_return found(co_await db.query(sql::kChange, std::move(params), by));
}

rt::Task<Result<Rule>> enable(Db db, AlertRuleId id, rt::Deadline by) {
    co_return found(co_await db.query(sql::kEnable, pg::params(id), by));
}

rt::Task<Result<Rule>> disable(Db db, AlertRuleId id, rt::Deadline by) {
    auto rule = found(co_await db.query(sql::kDisable, pg::params(id), by));
    if (rule) CO_CHECK_OK(co_await db.query(sql::kForgetEnds, pg::params(id), by));
    co_return rule;
}

rt::Task<Result<Rule>> ask_test(Db db, AlertRuleId id, rt::Deadline by) {
    co_return found(co_await db.query(sql::kAskTest, pg::params(id), by));
}

rt::Task<Result<Rule>> rotate_secret(Db db, AlertRuleId id, std::string sealed, rt::Deadline by) {
    const auto holds = static_cast<std::int64_t>(kOldSecretHolds.count());
    auto rule = found(co_await db.query(sql::kRotateSecret, pg::params(id, holds), by));
    if (!rule) co_return rule;
    CO_CHECK_OK(co_await db.query(sql::kAgeSecrets, pg::params(id, holds), by));
    CO_CHECK_OK(co_await add_secret(db, id, std::move(sealed), by));
    co_return rule;
}

rt::Task<Result<void>> drop(Db db, AlertRuleId id, rt::Deadline by) {
    CO_TRY(auto rows, co_await db.query(sql::kDrop, pg::params(id), by));
    co_return expect_row(rows, std::string(kMissing));
}

}  // namespace weft::store::alerts
