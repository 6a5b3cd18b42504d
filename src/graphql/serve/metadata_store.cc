#include "graphql/serve/detail/metadata_store.h"

#include "graphql/execute/errors.h"

#include <algorithm>
#include <set>

namespace weft::graphql::detail {

namespace {

/// While it lives, nobody else changes the metadata.
class Turn {
  public:
    Turn(bool& is_taken, rt::Signal& changed) : is_taken_(is_taken), changed_(changed) { is_taken_ = true; }
    ~Turn() {
        is_taken_ = false;
        changed_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    bool& is_taken_;
    rt::Signal& changed_;
};

Json described(const Inconsistency& one) {
    return JsonObject{
        {"definition", one.definition},
        {"name", one.name},
        {"reason", one.reason},
        {"type", one.kind},
    };
}

/// Of a table or function that is not there Hasura says so; of anything else that it can't go on.
Failure told(const Inconsistency& first, JsonArray all) {
    Failure out{
        .message = first.reason, .code = "constraint-violation", .path = "$.args", .internal = std::move(all)
    };
    if (first.reason.contains("no such table/view exists")) out.code = "not-exists";
    constexpr std::string_view kPrefix = "Inconsistent object: ";
    if (out.message.starts_with(kPrefix)) out.message.erase(0, kPrefix.size());
    return out;
}

}  // namespace

rt::Task<Result<std::shared_ptr<const Model>>> MetadataStore::make_model(
    metadata::Metadata metadata, rt::Deadline by
) {
    CO_TRY(Catalog catalog, co_await read_catalog(pool_, pg::Principal::login(), by));
    EnumValues enums;
    for (const metadata::Table& table : metadata.tables) {
        const CatalogTable* known = table.is_enum ? catalog.table(table.name) : nullptr;
        if (known == nullptr) continue;
        auto values = co_await read_enum_values(pool_, pg::Principal::login(), *known, by);
        if (!values && values.error().code == Code::kUnavailable) co_return fail(std::move(values).error());
        // A table that is no enum table: the model says so.
        if (values) enums.emplace(table.name, std::move(*values));
    }
    // Off the loop: queries go on meanwhile.
    auto build = [&catalog, &metadata, &enums, options = options_] {
        return build_model(std::move(catalog), std::move(metadata), enums, options);
    };
    co_return co_await rt::on_pool(std::move(build));
}

Outcome<> MetadataStore::check(const Model& next, Allows allows) const {
    if (allows == Allows::kAnything) return {};
    std::set<std::string> known;
    const auto now = engine_.model();
    if (allows == Allows::kWhatWas && now != nullptr) {
        for (const Inconsistency& one : now->inconsistencies()) known.insert(one.name);
    }
    const Inconsistency* first = nullptr;
    JsonArray all;
    for (const Inconsistency& one : next.inconsistencies()) {
        if (one.is_harmless || known.contains(one.name)) continue;
        if (first == nullptr) first = &one;
        all.push_back(described(one));
    }
    if (first == nullptr) return {};
    if (allows == Allows::kWhatWas) return std::unexpected(told(*first, std::move(all)));
    return std::unexpected(Failure{
        .message = "cannot continue due to inconsistent metadata",
        .code = "unexpected",
        .path = "$.args",
        .internal = std::move(all),
    });
}

rt::Task<Outcome<>> MetadataStore::build(metadata::Metadata metadata, Allows allows, rt::Deadline by) {
    while (is_changing_) {
        if (auto waited = co_await changed_.wait(by); !waited) {
            co_return std::unexpected(to_failure(waited.error(), true));
        }
    }
    const Turn turn(is_changing_, changed_);
    auto model = co_await make_model(std::move(metadata), by);
    if (!model) co_return std::unexpected(to_failure(model.error(), true));
    if (auto fine = check(**model, allows); !fine) co_return fine;
    engine_.use(std::move(*model));
    ++version_;
    live_.replan();
    co_return Outcome<>();
}

rt::Task<Outcome<>> MetadataStore::replace(metadata::Metadata metadata, Allows allows, rt::Deadline by) {
    return build(std::move(metadata), allows, std::move(by));
}

rt::Task<Outcome<>> MetadataStore::replace_document(Json document, Allows allows, rt::Deadline by) {
    auto metadata = metadata::parse(document);
    if (!metadata) {
        std::string path = "$.args";
        const std::string& field = metadata.error().field;
        if (!field.empty()) path += field.starts_with('$') ? field.substr(1) : "." + field;
        co_return failure("parse-failed", metadata.error().user, std::move(path));
    }
    co_return co_await build(std::move(*metadata), allows, std::move(by));
}

rt::Task<Outcome<>> MetadataStore::reload(rt::Deadline by) {
    const auto now = engine_.model();
    metadata::Metadata same = now == nullptr ? metadata::Metadata() : now->metadata();
    return build(std::move(same), Allows::kAnything, std::move(by));
}

JsonObject MetadataStore::document() const {
    const auto now = engine_.model();
    return metadata::export_document(now == nullptr ? metadata::Metadata() : now->metadata()).get_object();
}

JsonArray MetadataStore::inconsistencies() const {
    JsonArray out;
    if (const auto now = engine_.model()) {
        for (const Inconsistency& one : now->inconsistencies()) out.push_back(described(one));
    }
    return out;
}

bool MetadataStore::is_consistent() const {
    const auto now = engine_.model();
    return now == nullptr || now->inconsistencies().empty();
}

}  // namespace weft::graphql::detail
