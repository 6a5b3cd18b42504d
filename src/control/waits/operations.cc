#include "control/api/family.h"
#include "control/waits/waits.h"

namespace weft::control {

using tenancy::Permission;

namespace {

constexpr std::string_view kApproval = R"(
    run_id id
    step_id text = ask
    iteration int = 0
    workflow_name text? = Orders
    title text = Pay the invoice of Acme?
    description text = 12,000 EUR, due on Friday
    approvers [text] = ["anna@example.com", "role:admin"]
    need int = 1
    veto bool = false
    may_decide bool = true
    has_decided bool = false
    approvals int = 0
    rejections int = 0
    opened_at time
    until time
    state* open|answered|closed = open
    form* object? = {"type": "object", "properties": {"amount": {"type": "number"}}}
    files* [approval_file]
    decisions* [approval_decision])";

constexpr std::string_view kFile = R"(
    id id
    name text = invoice.pdf
    type text = application/pdf
    size int = 48213)";

constexpr std::string_view kDecision = R"(
    by text = Anna
    approved bool = true
    at time)";

constexpr std::string_view kSend = R"({
    "required": ["name", "key"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 100, "examples": ["invoice.paid"]},
        "key": {"type": "string", "minLength": 1, "maxLength": 200, "examples": ["4711"]},
        "payload": {"examples": [{"amount": 120}]}
    }})";

constexpr std::string_view kOfRun =
    R"({"properties": {"step_id": {
        "type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$", "examples": ["ask"]},
        "iteration": {"type": "integer", "minimum": 0, "default": 0,
            "description": "Of a step in a loop: the item's number, from 1"}}})";

constexpr std::string_view kFileOf =
    R"({"properties": {"step_id": {
        "type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$", "examples": ["ask"]},
        "file_id": {"$ref": "#/definitions/id"},
        "iteration": {"type": "integer", "minimum": 0, "default": 0,
            "description": "Of a step in a loop: the item's number, from 1"}}})";

constexpr auto kTransferTime = std::chrono::hours(1);  // as of files.download

constexpr std::string_view kDecide = R"({
    "required": ["approved"],
    "properties": {
        "step_id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$", "examples": ["ask"]},
        "iteration": {"type": "integer", "minimum": 0, "default": 0,
            "description": "Of a step in a loop: the item's number, from 1"},
        "approved": {"type": "boolean", "examples": [true]},
        "comment": {"type": "string", "maxLength": 2000, "examples": ["As agreed"]},
        "form": {"type": "object", "examples": [{"amount": 120}]}
    }})";

}  // namespace

void Waits::add_operations(Table& table) {
    const Access decides = may(Permission::kApprovalDecide);
    table.define("approval", kApproval);
    table.define("approval_decision", kDecision);
    table.define("approval_file", kFile);
    table.define(
        "approval_decided",
        "run_id id\nstate open|approved|rejected = approved\napprovals int = 1\nrejections int = 0"
    );
    table.define("event_sent", "run_id id?\nis_kept bool = false");
    Operation send = commands(
        {.name = "events.send",
         .path = "/events",
         .summary = "Send an event to the run that waits for it, or keep it for the first that will",
         .access = may(Permission::kEventSend),
         .answer = "event_sent",
         .input = kSend,
         .object = "run"},
        bind(this, &Waits::send_event)
    );
    send.status = 202;
    send.replay = Replay::kYes;
    send.key = store::vault::KeyClass::kData;
    table.add(std::move(send));
    table.add(lists(
        {"approvals.list", "/approvals", "Open approvals, of the newest runs first", decides, "approval"},
        bind(this, &Waits::list)
    ));
    table.add(shows(
        {"approvals.get",
         "/runs/{id}/approvals/{step_id}",
         "What an approval asks, and what was decided",
         decides,
         "approval",
         kOfRun},
        bind(this, &Waits::get)
    ));
    table.add({
        .name = "approvals.file",
        .method = http::Method::kGet,
        .path = "/runs/{id}/approvals/{step_id}/files/{file_id}",
        .summary = "The bytes of a file that an approval shows, or a range of them, for those whom it names",
        .input = kFileOf,
        .media = "application/octet-stream",
        .access = decides,
        .timeout = kTransferTime,
        .raw = [this](Context& context, Json input) { return download(context, std::move(input)); },
    });
    Operation decide = commands(
        {.name = "approvals.decide",
         .path = "/runs/{id}/approvals/{step_id}",
         .summary = "Approve or reject, for those whom the approval names",
         .access = decides,
         .answer = "approval_decided",
         .input = kDecide,
         .object = "run"},
        bind(this, &Waits::decide)
    );
    decide.key = store::vault::KeyClass::kData;
    table.add(std::move(decide));
}

}  // namespace weft::control
