#include "app/schemacheck/schemacheck.h"

#include "base/json.h"
#include "core/schema/schema.h"

namespace weft::schemacheck {

namespace {

std::string refused(const Error& error) {
    return to_text(JsonObject{{"error", error.user}, {"field", error.field}});
}

}  // namespace

struct Checker::State {
    JsonObject documents;
};

Checker::Checker() : state_(std::make_unique<State>()) {}
Checker::Checker(Checker&&) noexcept = default;
Checker& Checker::operator=(Checker&&) noexcept = default;
Checker::~Checker() = default;

std::string Checker::answer(std::string_view request) {
    auto read = parse_json(request);
    if (!read) return refused(read.error());
    JsonObject* object = read->if_object();
    if (object == nullptr) return refused(Error::invalid("A request is an object"));
    if (Json* documents = object->if_contains("documents"); documents != nullptr && documents->is_object()) {
        state_->documents = std::move(documents->get_object());
        return "{}";
    }
    const Json* given = object->if_contains("schema");
    const Json* values = object->if_contains("values");
    if (given == nullptr || values == nullptr || !values->is_array())
        return refused(Error::invalid("A request has a schema and values, or documents"));
    const Json* formats = object->if_contains("formats");
    const schema::Options options{
        .checks_formats = formats != nullptr && *formats == Json(true),
        .lookup = [&](std::string_view uri) { return state_->documents.if_contains(uri); },
    };
    const auto compiled = schema::Schema::compile(*given, "", options);
    if (!compiled) return refused(compiled.error());
    JsonArray fits;
    for (const Json& value : values->get_array()) {
        const auto checked = compiled->validate(value);
        const bool is_unknown = !checked && checked.error().code != Code::kInvalid;
        fits.push_back(is_unknown ? Json(nullptr) : Json(checked.has_value()));
    }
    return to_text(JsonObject{{"fits", std::move(fits)}});
}

}  // namespace weft::schemacheck
