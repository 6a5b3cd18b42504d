#include "graphql/execute/detail/documents.h"

namespace weft::graphql::detail {

namespace {

/// Askers times operations of one document; a document with more is a hostile one, and starts afresh.
constexpr std::size_t kOperationsMax = 64;
/// Different shapes of one operation's variables; beyond it the client builds `where` from user input.
constexpr std::size_t kShapesMax = 200;
constexpr std::size_t kBytesOfToken = 96;  // of the tree
constexpr std::size_t kBytesOfPlan = 4'096;

/// The text is there twice: as key and in the document.
std::size_t bytes_of(const Document& document) {
    return 2 * document.source().size() + kBytesOfToken * document.tokens;
}
/// Nodes and parameters grow with the statement's text.
std::size_t bytes_of(const Prepared& prepared, const std::string& shape) {
    return kBytesOfPlan + 3 * prepared.statement.text.size() + shape.size();
}

void put_key(std::string& out, std::string_view tenant, std::string_view text) {
    out.assign(tenant).push_back('\n');
    out.append(text);
}

}  // namespace

std::string key_of(std::string_view tenant, std::string_view text) {
    std::string out;
    put_key(out, tenant, text);
    return out;
}

CachedDocument* Documents::find(std::string_view tenant, std::string_view text) {
    put_key(key_, tenant, text);
    return entries_.find(key_);
}

CachedDocument& Documents::add(std::string_view tenant, std::shared_ptr<const Document> document) {
    const std::size_t bytes = bytes_of(*document);
    std::string key = key_of(tenant, document->source());
    CachedDocument entry{.document = std::move(document), .operations = {}, .bytes = bytes};
    return entries_.add(tenant, std::move(key), std::move(entry), bytes);
}

void Documents::drop_plans(CachedDocument& entry) {
    entry.bytes = bytes_of(*entry.document);
    for (CheckedOperation& each : entry.operations) each.plans.clear();
}

std::size_t Documents::plans() const {
    std::size_t out = 0;
    entries_.for_each([&out](const CachedDocument& entry) {
        for (const CheckedOperation& each : entry.operations) out += each.plans.size();
    });
    return out;
}

CheckedOperation* Documents::find(
    CachedDocument& entry, const Asker& asker, std::string_view operation_name
) {
    for (CheckedOperation& each : entry.operations) {
        if (each.asker == asker && each.operation_name == operation_name) return &each;
    }
    return nullptr;
}

CheckedOperation& Documents::add(CachedDocument& entry, CheckedOperation operation) {
    if (entry.operations.size() >= kOperationsMax) {
        drop_plans(entry);
        entry.operations.clear();
    }
    return entry.operations.emplace_back(std::move(operation));
}

void Documents::add_plan(
    std::string_view tenant,
    CachedDocument& entry,
    CheckedOperation& operation,
    std::string shape,
    std::shared_ptr<const Prepared> plan
) {
    if (operation.plans.size() >= kShapesMax) drop_plans(entry);
    entry.bytes += bytes_of(*plan, shape);
    operation.plans.emplace(std::move(shape), std::move(plan));
    put_key(key_, tenant, entry.document->source());
    (void)entries_.resize(key_, entry.bytes);
}

}  // namespace weft::graphql::detail
