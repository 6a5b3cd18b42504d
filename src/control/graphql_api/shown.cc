#include "control/graphql_api/detail/shown.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::control::shown {

namespace {

using tenancy::Permission;

constexpr std::array kApp = {Relationship{"versions", true, "app_version", "id", "app_id"}};
constexpr std::array kAppVersion = {
    Relationship{"app", false, "app", "app_id", "id"},
    Relationship{"actions", true, "action", "id", "app_version_id"},
};
constexpr std::array kAction = {Relationship{"app_version", false, "app_version", "app_version_id", "id"}};
constexpr std::array kConnection = {Relationship{"app", false, "app", "app_id", "id"}};
constexpr std::array kWorkflow = {
    Relationship{"draft", false, "workflow_draft", "id", "workflow_id"},
    Relationship{"published_version", false, "workflow_version", "published_version_id", "id"},
    Relationship{"versions", true, "workflow_version", "id", "workflow_id"},
    Relationship{"triggers", true, "trigger", "id", "workflow_id"},
    Relationship{"runs", true, "workflow_run", "id", "workflow_id"},
    Relationship{"alerts", true, "alert_rule", "id", "workflow_id"},
    Relationship{"usage", true, "usage_day", "id", "workflow_id"},
    Relationship{"pause", false, "workflow_pause", "id", "workflow_id"},
};
constexpr std::array kOfWorkflow = {Relationship{"workflow", false, "workflow", "workflow_id", "id"}};
constexpr std::array kTrigger = {
    Relationship{"workflow", false, "workflow", "workflow_id", "id"},
    Relationship{"schedule", false, "trigger_schedule", "id", "trigger_id"},
    Relationship{"poll", false, "trigger_poll", "id", "trigger_id"},
    Relationship{"events", true, "trigger_event", "id", "trigger_id"},
    Relationship{"refused_deliveries", true, "refused_delivery", "id", "trigger_id"},
    Relationship{"misses", true, "trigger_miss", "id", "trigger_id"},
    Relationship{"runs", true, "workflow_run", "id", "trigger_id"},
};
constexpr std::array kOfTrigger = {Relationship{"trigger", false, "trigger", "trigger_id", "id"}};
constexpr std::array kTriggerEvent = {
    Relationship{"trigger", false, "trigger", "trigger_id", "id"},
    Relationship{"run", false, "workflow_run", "run_id", "id"},
};
constexpr std::array kRun = {
    Relationship{"workflow", false, "workflow", "workflow_id", "id"},
    Relationship{"version", false, "workflow_version", "workflow_version_id", "id"},
    Relationship{"trigger", false, "trigger", "trigger_id", "id"},
    Relationship{"rerun_of_run", false, "workflow_run", "rerun_of", "id"},
    Relationship{"parent", false, "workflow_run", "parent_run_id", "id"},
    Relationship{"children", true, "workflow_run", "id", "parent_run_id"},
    Relationship{"job", false, "job", "id", "run_id"},
    Relationship{"dead_letter", false, "dead_letter", "id", "run_id"},
    Relationship{"waits", true, "run_wait", "id", "run_id"},
    Relationship{"steps", true, "step_run", "id", "run_id"},
    Relationship{"events", true, "run_event", "id", "run_id"},
    Relationship{"logs", true, "execution_log", "id", "run_id"},
    Relationship{"values", true, "payload", "id", "run_id"},
    Relationship{"marks", true, "run_mark", "id", "run_id"},
};
constexpr std::array kWait = {
    Relationship{"run", false, "workflow_run", "run_id", "id"},
    Relationship{"child", false, "workflow_run", "child_run_id", "id"},
};
constexpr std::array kDeadLetter = {
    Relationship{"run", false, "workflow_run", "run_id", "id"},
    Relationship{"workflow", false, "workflow", "workflow_id", "id"},
};
constexpr std::array kOfRun = {Relationship{"run", false, "workflow_run", "run_id", "id"}};

constexpr std::array kRunValues = {
    RemoteField{"input", "run_input", "jsonb", "id"},
    RemoteField{"trigger_data", "run_trigger", "jsonb", "id"},
    RemoteField{"output", "run_output", "jsonb", "id"},
};
constexpr std::array kStepValues = {
    RemoteField{"input", "step_input", "jsonb", "run_id step_id iteration"},
    RemoteField{"output", "step_output", "jsonb", "run_id step_id iteration"},
};

constexpr std::array kTables = {
    Table{"tenant", "tenants", Permission::kTenantRead, "id slug name created_at", {}, {}, "id"},
    Table{"membership", "members", Permission::kMemberRead, "tenant_id user_id role created_at"},
    Table{
        "api_token",
        "tokens",
        Permission::kTenantRead,
        "tenant_id id name role scopes hint created_by created_at last_used_at expires_at revoked_at",
        {},
        {},
        "tenant_id",
        true
    },
    Table{
        "audit_event",
        "audit_log",
        Permission::kAuditRead,
        "tenant_id id occurred_at actor_kind actor_id action object_kind object_id detail request_id ip"
    },
    Table{
        "app", "apps", Permission::kAppRead, "tenant_id id key name description created_at updated_at", kApp
    },
    Table{
        "app_version",
        "app_versions",
        Permission::kAppRead,
        "tenant_id id app_id major minor state manifest created_at published_at",
        kAppVersion
    },
    Table{
        "action",
        "actions",
        Permission::kAppRead,
        "tenant_id id app_version_id key name definition created_at updated_at",
        kAction
    },
    Table{
        "connection",
        "connections",
        Permission::kConnectionRead,
        "tenant_id id app_id key name auth_kind revision state last_used_at last_error_status last_error_at "
        "breaker_failures breaker_within_ms breaker_open_ms circuit circuit_until circuit_opened_at "
        "circuit_reason "
        "created_at updated_at",
        kConnection
    },
    Table{
        "workflow_pause",
        "workflow_pauses",
        Permission::kWorkflowRead,
        "tenant_id workflow_id failed_at state until opened_at probe_run_id reason",
        kOfWorkflow
    },
    Table{
        "workflow",
        "workflows",
        Permission::kWorkflowRead,
        "tenant_id id key name description state published_version_id created_at updated_at",
        kWorkflow,
        {},
        "tenant_id",
        false,
        "has_unpublished_changes"
    },
    Table{
        "workflow_draft",
        "workflow_drafts",
        Permission::kWorkflowRead,
        "tenant_id workflow_id definition revision updated_by updated_at",
        kOfWorkflow
    },
    Table{
        "workflow_version",
        "workflow_versions",
        Permission::kWorkflowRead,
        "tenant_id id workflow_id number definition published_by published_at",
        kOfWorkflow
    },
    Table{
        "trigger",
        "triggers",
        Permission::kTriggerRead,
        "tenant_id id workflow_id kind name state config created_at updated_at",
        kTrigger,
        {},
        "tenant_id",
        false,
        "trigger_health trigger_setup"
    },
    Table{
        "trigger_schedule",
        "schedules",
        Permission::kTriggerRead,
        "tenant_id trigger_id next_slot_at due_at waiting_slot_at last_slot_at last_fired_at last_run_id "
        "fired "
        "missed skipped problem",
        kOfTrigger
    },
    Table{
        "trigger_poll",
        "polls",
        Permission::kTriggerRead,
        "tenant_id trigger_id due_at polled_at event_at last_run_id polls items fired filtered failures "
        "failing_since problem",
        kOfTrigger
    },
    Table{
        "trigger_event",
        "trigger_events",
        Permission::kTriggerRead,
        "tenant_id trigger_id dedupe_key run_id received_at",
        kTriggerEvent
    },
    Table{
        "refused_delivery",
        "refused_deliveries",
        Permission::kTriggerRead,
        "tenant_id trigger_id reason status content_type address first_at last_at deliveries size_bytes",
        kOfTrigger
    },
    Table{
        "trigger_miss",
        "trigger_misses",
        Permission::kTriggerRead,
        "tenant_id trigger_id minute reason events last_at detail",
        kOfTrigger
    },
    Table{
        "alert_rule",
        "alerts",
        Permission::kAlertRead,
        "tenant_id id name workflow_id states failure_kinds channel target group_ms quiet state due_at "
        "pending "
        "message_ends attempts tested_at test_problem sent_at sent told lost silenced failing_since problem "
        "created_at updated_at",
        kOfWorkflow
    },
    Table{
        "workflow_run",
        "runs",
        Permission::kRunRead,
        "tenant_id id workflow_id workflow_version_id trigger_id rerun_of cause parent_run_id "
        "parent_step_id parent_iteration parent_attempt depth state failure_kind error tier created_at "
        "started_at finished_at canceled_by canceled_by_name cancel_reason steps_done cpu_us "
        "memory_byte_seconds bytes_in bytes_out calls",
        kRun,
        kRunValues
    },
    Table{
        "step_run",
        "run_steps",
        Permission::kRunRead,
        "tenant_id run_id step_id iteration position state attempt failure_kind error intent_at started_at "
        "finished_at source cpu_us memory_byte_seconds bytes_in bytes_out calls",
        kOfRun,
        kStepValues
    },
    Table{
        "run_event",
        "run_events",
        Permission::kRunRead,
        "tenant_id run_id seq occurred_at kind step_id iteration detail",
        kOfRun
    },
    Table{
        "execution_log",
        "run_logs",
        Permission::kRunRead,
        "tenant_id run_id seq logged_at level step_id iteration message fields",
        kOfRun
    },
    // What it is found by: of an indexed value its name, of a tag "tag".
    Table{"run_mark", "run_marks", Permission::kRunRead, "tenant_id run_id name value", kOfRun},
    // That a value exists and how large it is; the value itself is encrypted and comes through the fields
    // above.
    Table{
        "payload", "run_values", Permission::kRunRead, "tenant_id run_id slot size_bytes created_at", kOfRun
    },
    Table{
        "job",
        "jobs",
        Permission::kRunRead,
        "tenant_id run_id workflow_id state run_at lease_until crashes cancel_requested_at cancel_reason "
        "canceled_by canceled_by_name deadline_at stage gate",
        kOfRun,
        {},
        "tenant_id",
        false,
        "runs_ahead"
    },
    Table{
        "run_wait",
        "run_waits",
        Permission::kRunRead,
        "tenant_id run_id step_id iteration kind state event_name event_key policy opened_at deadline_at "
        "ended_at failure failure_kind attempt child_run_id",
        kWait
    },
    Table{
        "dead_letter",
        "dead_letters",
        Permission::kRunRead,
        "tenant_id run_id workflow_id reason failure_kind error_class step_id is_poison tries origin_run_id "
        "state "
        "redriven_by created_at settled_at dropped_by dropped_by_name note",
        kDeadLetter
    },
    Table{
        "usage_day",
        "usage",
        Permission::kRunRead,
        "tenant_id workflow_id day runs steps cpu_us memory_byte_seconds bytes_in bytes_out calls",
        kOfWorkflow
    },
};

JsonArray words(std::string_view text) {
    JsonArray out;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

JsonObject qualified(std::string_view table) {
    return JsonObject{{"schema", "weft"}, {"name", table}};
}

JsonObject relationship_json(const Table& from, const Relationship& relationship) {
    const auto remote = std::ranges::find(kTables, relationship.remote, &Table::table);
    JsonObject columns{
        {from.tenant_column, remote->tenant_column},
        {relationship.column, relationship.remote_column},
    };
    JsonObject manual{
        {"remote_table", qualified(relationship.remote)}, {"column_mapping", std::move(columns)}
    };
    return JsonObject{
        {"name", relationship.name},
        {"using", JsonObject{{"manual_configuration", std::move(manual)}}},
    };
}

JsonObject filter_json(const Table& table, const Role& role) {
    JsonObject filter{{table.tenant_column, JsonObject{{"_eq", "x-hasura-tenant-id"}}}};
    if (table.is_own_only_without_manage && !role.permissions.has(Permission::kTokenManage)) {
        filter["created_by"] = JsonObject{{"_eq", "x-hasura-user-id"}};
    }
    return filter;
}

JsonObject table_json(const Table& table, std::span<const Role> roles) {
    JsonArray objects;
    JsonArray arrays;
    for (const Relationship& relationship : table.relationships) {
        (relationship.is_array ? arrays : objects).push_back(relationship_json(table, relationship));
    }
    JsonArray permissions;
    JsonArray readers;
    for (const Role& role : roles) {
        if (!role.permissions.has(table.permission)) continue;
        readers.emplace_back(role.name);
        JsonObject permission{
            {"columns", words(table.columns)},
            {"filter", filter_json(table, role)},
            {"allow_aggregations", true},
        };
        if (!table.computed.empty()) permission["computed_fields"] = words(table.computed);
        permissions.push_back(JsonObject{{"role", role.name}, {"permission", std::move(permission)}});
    }
    JsonArray remote_fields;
    for (const RemoteField& field : table.remote_fields) {
        remote_fields.push_back(JsonObject{
            {"name", field.name},
            {"resolver", field.resolver},
            {"type", field.type},
            {"columns", words(field.columns)},
            {"roles", readers},
        });
    }
    JsonArray computed;
    for (const Json& name : words(table.computed)) {
        const JsonObject function{{"function", qualified(name.get_string())}};
        computed.push_back(JsonObject{{"name", name}, {"definition", function}});
    }
    return JsonObject{
        {"table", qualified(table.table)},
        {"computed_fields", std::move(computed)},
        {"configuration", JsonObject{{"custom_name", table.name}}},
        {"object_relationships", std::move(objects)},
        {"array_relationships", std::move(arrays)},
        {"remote_fields", std::move(remote_fields)},
        {"select_permissions", std::move(permissions)},
    };
}

}  // namespace

std::span<const Table> tables() {
    return kTables;
}

std::string role_name(tenancy::Role role, tenancy::Permissions held) {
    if (held == tenancy::permissions_of(role)) {
        return role == tenancy::Role::kAdmin ? "administrator" : std::string(tenancy::name(role));
    }
    std::uint32_t bits = 0;
    for (const tenancy::Permission permission : held.list()) bits |= 1U << static_cast<int>(permission);
    return fmt::format("scoped_{:05x}", bits);
}

JsonArray sources(std::span<const Role> roles) {
    JsonArray list;
    for (const Table& table : kTables) list.push_back(table_json(table, roles));
    return JsonArray{JsonObject{
        {"name", "default"},
        {"kind", "postgres"},
        {"tables", std::move(list)},
        {"configuration", JsonObject()},
    }};
}

std::string_view table_of_object(std::string_view audit_object) {
    const std::string_view table = audit_object == "run" ? "workflow_run" : audit_object;
    const auto found = std::ranges::find(kTables, table, &Table::table);
    return found == kTables.end() ? "" : found->table;
}

}  // namespace weft::control::shown
