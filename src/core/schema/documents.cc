#include "core/schema/detail/documents.h"

#include "base/json_pointer.h"
#include "core/schema/detail/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace weft::schema {

namespace {

constexpr int kDepthMax = 32;
constexpr std::size_t kUriBytesMax = 2'048;  // with the addresses around it; each is kept in full
constexpr int kMetaSchemasMax = 4;           // of which one is the meta-schema of the next

struct Known {
    std::string_view uri;
    Draft draft;
};
/// Draft 6 is draft 7 without `if`; `https` is a common slip.
constexpr std::array kDialects{
    Known{"https://json-schema.org/draft/2020-12/schema", Draft::k2020},
    Known{"http://json-schema.org/draft-07/schema", Draft::k7},
    Known{"https://json-schema.org/draft-07/schema", Draft::k7},
    Known{"http://json-schema.org/draft-06/schema", Draft::k7},
};
constexpr std::string_view kVocabularies = "https://json-schema.org/draft/2020-12/vocab/";
constexpr std::array<std::pair<std::string_view, unsigned>, 8> kVocabularyNames = {{
    {"core", kCore},
    {"applicator", kApplicator},
    {"unevaluated", kUnevaluated},
    {"validation", kValidation},
    {"meta-data", 0},
    {"format-annotation", kFormatAnnotation},
    {"format-assertion", kFormatAssertion},
    {"content", 0},
}};

bool is_schema(const Json& value) {
    return value.is_object() || value.is_bool();
}

std::optional<unsigned> vocabulary(std::string_view uri) {
    if (!uri.starts_with(kVocabularies)) return std::nullopt;
    uri.remove_prefix(kVocabularies.size());
    for (const auto& [name, bit] : kVocabularyNames)
        if (name == uri) return bit;
    return std::nullopt;
}

std::string_view without_fragment(std::string_view uri) {
    return uri.substr(0, uri.find('#'));
}

}  // namespace

Documents::Documents(const Json& main, std::string_view root, const Lookup& lookup)
    : main_(main), root_(root), lookup_(lookup) {}

Result<> Documents::open() {
    resources_.push_back({.root = &main_, .dialect = {}, .anchors = {}, .dynamic_anchors = {}});
    by_uri_.emplace("", 0);
    return index(main_, Place{.schema = &main_});
}

std::string Documents::field(const Place& at, std::string_view keyword) const {
    std::vector<const Place*> way;
    for (const Place* place = &at; place->up != nullptr; place = place->up) way.push_back(place);
    std::string out(root_);
    auto add = [&](std::string_view part) {
        if (part.empty()) return;
        if (!out.empty()) out += '.';
        out += part;
    };
    for (auto place = way.rbegin(); place != way.rend(); ++place) {
        add((*place)->keyword);
        add((*place)->member);
        if ((*place)->item >= 0) out += fmt::format("[{}]", (*place)->item);
    }
    add(keyword);
    return out;
}

std::unexpected<Error> Documents::wrong(const Place& at, std::string_view keyword, std::string message)
    const {
    return fail(Error::invalid(std::move(message), field(at, keyword)));
}

Result<> Documents::index(const Json& schema, Place place) {
    std::vector<Pending> pending{{&schema, place}};
    while (!pending.empty()) {
        const Pending next = pending.back();
        pending.pop_back();
        if (!by_schema_.contains(next.schema)) CHECK_OK(one(*next.schema, next.place, pending));
    }
    return {};
}

Result<> Documents::one(const Json& schema, Place place, std::vector<Pending>& pending) {
    if (place.depth > kDepthMax)
        return fail(
            Error::limit(fmt::format("A schema is nested at most {} levels", kDepthMax), field(place, ""))
        );
    if (const JsonObject* object = schema.if_object()) CHECK_OK(identify(place, *object));
    const Place& kept = places_.emplace_back(place);
    by_schema_.emplace(&schema, &kept);
    if (!schema.is_object()) return {};
    const Dialect dialect = resource(kept.resource).dialect;
    for (const auto& [key, value] : schema.get_object()) {
        const Keyword* keyword = find_keyword(key, dialect);
        if (keyword != nullptr) below(kept, value, key, shape_of(*keyword), pending);
    }
    return {};
}

void Documents::below(
    const Place& at, const Json& value, std::string_view keyword, Shape shape, std::vector<Pending>& pending
) const {
    Place place{.up = &at, .keyword = keyword, .resource = at.resource, .depth = at.depth + 1};
    auto add = [&](const Json& schema) {
        place.schema = &schema;
        if (shape != Shape::kDependencies || is_schema(schema)) pending.push_back({&schema, place});
    };
    const bool takes_list = shape == Shape::kList || shape == Shape::kSchemaOrList;
    const bool takes_members = shape == Shape::kMembers || shape == Shape::kDependencies;
    if (takes_members && value.is_object()) {
        for (const auto& [key, schema] : value.get_object()) {
            place.member = key;
            add(schema);
        }
    } else if (takes_list && value.is_array()) {
        for (const Json& schema : value.get_array()) {
            ++place.item;
            add(schema);
        }
    } else if (shape == Shape::kSchema || shape == Shape::kSchemaOrList) {
        add(value);
    }
}

/// What an object says of its own address: `$schema`, `$id`, `$anchor`, `$dynamicAnchor`.
Result<> Documents::identify(Place& place, const JsonObject& object) {
    const bool is_root = place.up == nullptr;
    const Json* id = object.if_contains("$id");
    Dialect dialect = resource(place.resource).dialect;
    if (const Json* declared = object.if_contains("$schema");
        declared != nullptr && (is_root || id != nullptr)) {
        if (!declared->is_string()) return wrong(place, "$schema", "$schema is the address of a draft");
        TRY(dialect, dialect_of(place, declared->get_string(), kMetaSchemasMax));
        if (is_root) resources_[static_cast<std::size_t>(place.resource)].dialect = dialect;
    }
    // Draft 7: what stands beside a reference does not count.
    if (dialect.draft == Draft::k7 && object.contains("$ref")) return {};
    if (id != nullptr) {
        if (!id->is_string()) return wrong(place, "$id", "$id is an address");
        const std::string& text = id->get_string();
        const std::string fragment = fragment_of(text);
        if (!fragment.empty() && dialect.draft != Draft::k7)
            return wrong(place, "$id", "$id has no fragment; a name inside of the schema is $anchor");
        if (!without_fragment(text).empty()) {
            TRY(place.resource,
                add_resource(place, resolve_uri(resource(place.resource).uri, text), dialect));
        }
        if (!fragment.empty()) CHECK_OK(name(place, "$id", Json(fragment)));
    }
    if (dialect.draft == Draft::k7) return {};
    for (const std::string_view keyword : {"$anchor", "$dynamicAnchor"})
        if (const Json* anchor = object.if_contains(keyword)) CHECK_OK(name(place, keyword, *anchor));
    return {};
}

Result<int> Documents::add_resource(const Place& at, std::string uri, const Dialect& dialect) {
    if (uri.size() > kUriBytesMax)
        return fail(
            Error::limit(fmt::format("An address has at most {} bytes", kUriBytesMax), field(at, "$id"))
        );
    const bool is_root = at.up == nullptr;
    const int made = is_root ? at.resource : static_cast<int>(resources_.size());
    const auto [known, is_new] = by_uri_.emplace(uri, made);
    if (!is_new && known->second != made)
        return wrong(at, "$id", fmt::format("{} is the $id of another part of this schema", uri));
    if (!is_root)
        resources_.push_back({.root = at.schema, .dialect = dialect, .anchors = {}, .dynamic_anchors = {}});
    resources_[static_cast<std::size_t>(made)].uri = std::move(uri);
    return made;
}

Result<> Documents::name(const Place& at, std::string_view keyword, const Json& value) {
    if (!value.is_string() || value.get_string().empty())
        return wrong(at, keyword, fmt::format("{} is a name", keyword));
    Resource& owner = resources_[static_cast<std::size_t>(at.resource)];
    const auto [known, is_new] = owner.anchors.emplace(value.get_string(), at.schema);
    if (!is_new && known->second != at.schema)
        return wrong(at, keyword, fmt::format("{} is named twice", value.get_string()));
    if (keyword == "$dynamicAnchor") owner.dynamic_anchors.emplace(value.get_string(), at.schema);
    return {};
}

const Json* Documents::elsewhere(std::string_view uri) const {
    if (const Json* known = meta_schema(uri)) return known;
    return lookup_ ? lookup_(uri) : nullptr;
}

/// The dialect that `$schema` declares; of a meta-schema that is no draft's own, what its `$vocabulary` says.
Result<Dialect> Documents::dialect_of(const Place& at, std::string_view uri, int fuel) const {
    uri = without_fragment(uri);
    for (const Known& known : kDialects)
        if (known.uri == uri) return Dialect{.draft = known.draft, .is_declared = true};
    const Json* meta = fuel > 0 ? elsewhere(uri) : nullptr;
    const JsonObject* object = meta != nullptr ? meta->if_object() : nullptr;
    if (object == nullptr)
        return wrong(
            at,
            "$schema",
            fmt::format(
                "{} is not known; known are draft 2020-12 ({}), which counts without $schema, and "
                "draft 7 ({}#)",
                uri,
                kDialects[0].uri,
                kDialects[1].uri
            )
        );
    Dialect out{.is_declared = true};
    if (const std::string_view of_meta = text_or(*object, "$schema"); !of_meta.empty()) {
        TRY(out, dialect_of(at, of_meta, fuel - 1));
    }
    const Json* used = object->if_contains("$vocabulary");
    if (used == nullptr || !used->is_object()) return out;
    out.vocabularies = kCore;
    for (const auto& [name, is_needed] : used->get_object()) {
        const auto bit = vocabulary(name);
        if (!bit && is_needed == Json(true))
            return wrong(at, "$schema", fmt::format("{} needs the vocabulary {}", uri, name));
        out.vocabularies |= bit.value_or(0);
    }
    return out;
}

Result<int> Documents::resource_at(const Place& from, std::string_view keyword, const std::string& uri) {
    if (const auto known = by_uri_.find(uri); known != by_uri_.end()) return known->second;
    const Json* document = elsewhere(uri);
    if (document == nullptr)
        return wrong(
            from,
            keyword,
            fmt::format(
                "{} leads to {}, and nothing is fetched: put that schema below $defs, with this address as "
                "its $id",
                keyword,
                uri
            )
        );
    Dialect dialect = resource(from.resource).dialect;
    const int made = static_cast<int>(resources_.size());
    resources_.push_back(
        {.uri = uri, .root = document, .dialect = dialect, .anchors = {}, .dynamic_anchors = {}}
    );
    by_uri_.emplace(uri, made);
    CHECK_OK(index(*document, Place{.schema = document, .resource = made}));
    return made;
}

Result<const Place*> Documents::at_pointer(
    const Place& from, std::string_view keyword, int resource_index, std::string_view pointer
) {
    const Json* at = resource(resource_index).root;
    const Place* nearest = &place_of(*at);
    for (std::string_view left = pointer; !left.empty();) {
        const std::size_t end = std::min(left.find('/', 1), left.size());
        at = find_pointer(*at, left.substr(0, end));
        left.remove_prefix(end);
        if (at == nullptr)
            return wrong(from, keyword, fmt::format("{} \"#{}\" leads nowhere", keyword, pointer));
        if (const auto known = by_schema_.find(at); known != by_schema_.end()) nearest = known->second;
    }
    if (nearest->schema != at) {
        // No keyword holds it (`#/components/schemas/x`): a schema because it is used as one.
        const Place place{
            .schema = at, .up = &from, .keyword = keyword, .resource = nearest->resource, .depth = 1
        };
        CHECK_OK(index(*at, place));
        nearest = &place_of(*at);
    }
    return nearest;
}

Result<Documents::Target> Documents::find(
    const Place& from, std::string_view keyword, std::string_view reference
) {
    const std::string uri = resolve_uri(resource(from.resource).uri, reference);
    const std::string fragment = fragment_of(reference);
    TRY(const int in, resource_at(from, keyword, uri));
    Target out;
    if (fragment.empty()) {
        out.place = &place_of(*resource(in).root);
    } else if (fragment.starts_with('/')) {
        TRY(out.place, at_pointer(from, keyword, in, fragment));
    } else {
        const Resource& owner = resource(in);
        const auto named = owner.anchors.find(fragment);
        if (named == owner.anchors.end())
            return wrong(from, keyword, fmt::format("{} \"{}\" leads nowhere", keyword, reference));
        out.place = &place_of(*named->second);
        if (owner.dynamic_anchors.contains(fragment)) out.dynamic_anchor = fragment;
    }
    return out;
}

}  // namespace weft::schema
