#include "core/schema/detail/compiler.h"
#include "core/schema/detail/pattern.h"
#include "core/schema/schema.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::schema {

namespace {

constexpr std::size_t kTextBytesMax = 64u << 10;
constexpr std::size_t kNodesMax = 2'000;
constexpr std::size_t kDynamicNamesMax = 100;  // each is looked for in every resource
constexpr std::size_t kPatternBytesMax = 1u << 10;
constexpr std::size_t kPatternSizeMax = 20'000;  // instructions of all patterns: some 20 ms to compile
constexpr std::int64_t kPatternMemoryMax =
    1 << 20;  // of one compiled pattern; RE2's own default is eight times that

}  // namespace

Result<Compiled> Compiler::run() {
    CHECK_OK(documents_.open());
    TRY(out_.root, node_of(documents_.main()));
    bool has_more = true;
    while (has_more) {
        while (!pending_.empty()) {
            const auto [index, place] = pending_.back();
            pending_.pop_back();
            CHECK_OK(fill(index, *place));
        }
        TRY(has_more, link_dynamic_anchors());
    }
    return std::move(out_);
}

/// A name may be looked for in every resource that a check can pass through. Each pair is looked at once:
/// what is found brings further ones.
Result<bool> Compiler::link_dynamic_anchors() {
    const std::size_t resources = resources_.size();
    const std::size_t names = dynamic_names_.size();
    if (resources == linked_resources_ && names == linked_names_) return false;
    out_.dynamic.resize(names);
    for (std::size_t name = 0; name < names; ++name) {
        const std::size_t from = name < linked_names_ ? linked_resources_ : 0;
        for (std::size_t resource = from; resource < resources; ++resource) CHECK_OK(link(name, resource));
    }
    linked_resources_ = resources;
    linked_names_ = names;
    return true;
}

Result<> Compiler::link(std::size_t name, std::size_t resource) {
    const auto& anchors = documents_.resource(resources_[resource]).dynamic_anchors;
    const auto anchor = anchors.find(dynamic_names_[name]);
    if (anchor == anchors.end()) return {};
    TRY(const NodeIndex index, node_of(documents_.place_of(*anchor->second)));
    out_.dynamic[name].emplace(resources_[resource], index);
    return {};
}

Result<NodeIndex> Compiler::node_of(const Place& place) {
    const auto [known, is_new] = by_schema_.emplace(place.schema, static_cast<NodeIndex>(out_.nodes.size()));
    if (!is_new) return known->second;
    if (out_.nodes.size() >= kNodesMax)
        return fail(Error::limit(
            fmt::format("A schema has at most {} subschemas", kNodesMax), documents_.field(place, "")
        ));
    out_.nodes.emplace_back();
    pending_.emplace_back(known->second, &place);
    return known->second;
}

Result<> Compiler::fill(NodeIndex index, const Place& place) {
    Node node;
    node.resource = place.resource;
    if (is_entered_.insert(place.resource).second) resources_.push_back(place.resource);
    const Json& schema = *place.schema;
    if (schema.is_bool()) {
        node.is_never = !schema.get_bool();
    } else if (schema.is_object()) {
        const JsonObject& object = schema.get_object();
        const Dialect dialect = documents_.resource(place.resource).dialect;
        const bool is_reference = dialect.draft == Draft::k7 && object.contains("$ref");
        for (const auto& [key, value] : object) {
            const Keyword* keyword = find_keyword(key, dialect);
            if (keyword == nullptr || (is_reference && key != "$ref")) continue;
            const Site site{place, object, key, dialect};
            CHECK_OK(compile_keyword(*keyword, *this, node, site, value));
        }
    } else {
        return documents_.wrong(place, "", "A schema is an object, true or false");
    }
    out_.nodes[static_cast<std::size_t>(index)] = std::move(node);
    return {};
}

Result<NodeIndex> Compiler::child(const Site&, const Json& schema) {
    return node_of(documents_.place_of(schema));
}

Result<NodeIndex> Compiler::target(const Site& site, const Json& reference, int* dynamic_name) {
    if (!reference.is_string())
        return wrong(site, fmt::format("{} is an address such as #/$defs/address", site.key));
    TRY(const Documents::Target found, documents_.find(site.place, site.key, reference.get_string()));
    if (dynamic_name != nullptr && !found.dynamic_anchor.empty()) {
        const auto known = std::ranges::find(dynamic_names_, found.dynamic_anchor);
        *dynamic_name = static_cast<int>(known - dynamic_names_.begin());
        if (known == dynamic_names_.end()) {
            if (dynamic_names_.size() >= kDynamicNamesMax)
                return wrong(site, fmt::format("At most {} names are referred to so", kDynamicNamesMax));
            dynamic_names_.push_back(found.dynamic_anchor);
        }
    }
    return node_of(*found.place);
}

Result<std::shared_ptr<const Pattern>> Compiler::pattern(const Site& site, std::string_view text) {
    if (text.size() > kPatternBytesMax)
        return wrong(site, fmt::format("A pattern has at most {} bytes", kPatternBytesMax));
    auto translated = translate_pattern(text);
    if (!translated) return wrong(site, std::move(translated.error().user));
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemoryMax);
    auto compiled = std::make_shared<const Pattern>(
        std::string(text),
        re2::StringPiece(translated->text.data(), translated->text.size()),
        options,
        translated->length_min,
        translated->length_max
    );
    if (!compiled->re.ok())
        return wrong(site, fmt::format("Pattern not understood: {}", compiled->re.error()));
    out_.pattern_size += static_cast<std::size_t>(compiled->re.ProgramSize());
    if (out_.pattern_size > kPatternSizeMax)
        return fail(Error::limit(
            "The patterns of this schema are too large together", documents_.field(site.place, "")
        ));
    return compiled;
}

Result<Schema> Schema::compile(const Json& schema, std::string_view root, const Options& options) {
    if (to_text(schema).size() > kTextBytesMax)
        return fail(
            Error::limit(fmt::format("A schema has at most {} KiB", kTextBytesMax >> 10), std::string(root))
        );
    Documents documents(schema, root, options.lookup);
    TRY(Compiled compiled, Compiler(documents, options.checks_formats).run());
    return Schema(std::make_shared<const Compiled>(std::move(compiled)));
}

}  // namespace weft::schema
