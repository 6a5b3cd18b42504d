#include "graphql/execute/authority_for_test.h"
#include "graphql/execute/execute.h"
#include "platform/rt/loop.h"

#include <gtest/gtest.h>

#include <set>

/// What introspection does not show cannot be run: random metadata, every role, with and without the header
/// for backend-only permissions. Everything that the schema holds is asked for by name.
namespace weft::graphql {
namespace {

constexpr std::uint64_t kWorlds = 12;

/// A defect that the control puts in: what is run is decided by another mask than what introspection shows.
enum class Defect : std::uint8_t { kNone, kSecondMask };

struct Outcomes {
    int shown = 0, hidden = 0;
    int accepted_by_admin = 0;  // of the hidden ones: they are refused for what they name, not for their form
    int hidden_from_heirs = 0, masked = 0;
    std::vector<std::string> violations;
};

std::string name_of(const JsonObject& of) {
    return std::string(text_or(of, "name"));
}

/// Everything that an introspection answer names: "author.id", "author.articles(where)", ...
std::set<std::string> names_in(const JsonObject& schema) {
    std::set<std::string> out;
    const auto each = [&](const JsonObject& of, const char* list, auto&& visit) {
        if (const Json* items = of.if_contains(list); items != nullptr && items->is_array()) {
            for (const Json& item : items->get_array()) visit(item.get_object());
        }
    };
    each(schema, "types", [&](const JsonObject& type) {
        const std::string name = name_of(type);
        each(type, "fields", [&](const JsonObject& field) {
            const std::string place = name + "." + name_of(field);
            out.insert(place);
            each(field, "args", [&](const JsonObject& argument) {
                out.insert(place + "(" + name_of(argument) + ")");
            });
        });
        each(type, "inputFields", [&](const JsonObject& field) { out.insert(name + "." + name_of(field)); });
        each(type, "enumValues", [&](const JsonObject& value) { out.insert(name + "#" + name_of(value)); });
    });
    return out;
}

class Authority : public ::testing::Test {
  protected:
    void start(std::uint64_t seed) {
        model_ = testing::random_model(seed);
        for (const Inconsistency& each : model_->inconsistencies()) {
            if (!each.is_harmless) FAIL() << each.name << ": " << each.reason;
        }
        EngineOptions options;
        options.limits.plan.cost_max = 1e12;
        options.limits.operation.fields_max = 5'000;
        engine_ = std::make_unique<Engine>(loop_, pool_, std::move(options));
        engine_->use(model_);
    }
    static Session session_of(std::string role, bool is_backend) {
        return {.role = std::move(role), .uses_backend_permissions = is_backend};
    }
    std::set<std::string> shown_to(const Session& session) {
        Request request{
            .query =
                "{ __schema { types { name fields { name args { name } } inputFields { name } enumValues { "
                "name } } } }"
        };
        Answer answer = loop_.run_until_done(
            engine_->execute(std::move(request), session, rt::Deadline::in(std::chrono::seconds(10)))
        );
        const auto body = parse_json(answer.body, {.bytes_max = 64u << 20, .depth_max = 64});
        EXPECT_TRUE(body && body->get_object().contains("data")) << answer.body.substr(0, 300);
        return names_in(body->get_object().at("data").get_object().at("__schema").get_object());
    }
    /// Asks for everything, as one role.
    void ask(const std::string& role, bool is_backend, Defect defect, Outcomes& out) {
        const Session session = session_of(role, is_backend);
        const bool is_heir = role == "r4" || role == "r5";
        const std::set<std::string> shown = shown_to(session);
        const Session runs = session_of(role, is_backend || defect == Defect::kSecondMask);
        const testing::Asking asking(*model_, model_->access(role).view());
        asking.each([&](const std::string& name, Request request) {
            const bool is_shown = shown.contains(name);
            auto ready = engine_->prepare(request, runs);
            // The planner's own check is a second line: with the first one in order it has nothing to say.
            if (!ready && ready.error().code == "unexpected")
                out.violations.push_back("validation let " + name + " pass: " + ready.error().message);
            if (is_shown) {
                ++out.shown;
                return;
            }
            ++out.hidden;
            if (is_heir) ++out.hidden_from_heirs;
            if (ready)
                out.violations.push_back(
                    role + (is_backend ? " (backend)" : "") + " does not see " + name + ", but runs " +
                    request.query + " " + to_text(request.variables)
                );
            if (engine_->prepare(request, session_of("admin", true))) ++out.accepted_by_admin;
        });
    }
    Outcomes ask_all(Defect defect) {
        Outcomes out;
        for (std::uint64_t seed = 1; seed <= kWorlds; ++seed) {
            start(seed);
            for (const Table& table : model_->tables()) {
                for (const Rights& each : table.rights) out.masked += each.select && each.select->has_masks();
            }
            for (const auto& role : model_->roles()) {
                if (role->name == "admin") continue;
                for (const bool is_backend : {false, true}) ask(role->name, is_backend, defect, out);
            }
            ask("stranger", true, defect, out);
        }
        return out;
    }

    rt::Loop loop_;
    pg::Pool pool_{loop_, {.url = "host=/nowhere"}};
    std::shared_ptr<const Model> model_;
    std::unique_ptr<Engine> engine_;
};

TEST_F(Authority, WhatIntrospectionDoesNotShowCannotBeRun) {
    const Outcomes out = ask_all(Defect::kNone);
    for (std::size_t i = 0; i < out.violations.size() && i < 10; ++i) ADD_FAILURE() << out.violations[i];
    EXPECT_EQ(out.violations.size(), 0u);
    EXPECT_GT(out.shown, 1'000);
    EXPECT_GT(out.hidden, 10'000);
    EXPECT_GT(out.hidden_from_heirs, 1'000);
    EXPECT_GT(out.masked, 10);
    EXPECT_GT(out.accepted_by_admin * 10, out.hidden * 9);
    RecordProperty("hidden", out.hidden);
    RecordProperty("accepted_by_admin", out.accepted_by_admin);
}

/// The control: two masks for one request are found.
TEST_F(Authority, ASecondMaskIsFound) {
    EXPECT_GT(ask_all(Defect::kSecondMask).violations.size(), 100u);
}

}  // namespace
}  // namespace weft::graphql
