#include "control/graphql/execute/detail/documents.h"

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

}  // namespace

CachedDocument& Documents::add(std::shared_ptr<const Document> document) {
    const std::size_t bytes = bytes_of(*document);
    while (entries_.size() > 0 && (entries_.size() >= documents_max_ || bytes_ + bytes > bytes_max_)) {
        drop_oldest();
    }
    bytes_ += bytes;
    std::string key(document->source());
    return entries_.add(std::move(key), {.document = std::move(document), .operations = {}, .bytes = bytes});
}

void Documents::drop_oldest() {
    plans_ -= entries_.oldest().plans;
    bytes_ -= entries_.oldest().bytes;
    entries_.drop_oldest();
}

void Documents::drop_plans(CachedDocument& entry) {
    plans_ -= entry.plans;
    entry.plans = 0;
    const std::size_t bytes = bytes_of(*entry.document);
    bytes_ -= entry.bytes - bytes;
    entry.bytes = bytes;
    for (CheckedOperation& each : entry.operations) each.plans.clear();
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
    CachedDocument& entry,
    CheckedOperation& operation,
    std::string shape,
    std::shared_ptr<const Prepared> plan
) {
    if (operation.plans.size() >= kShapesMax) drop_plans(entry);
    const std::size_t bytes = bytes_of(*plan, shape);
    operation.plans.emplace(std::move(shape), std::move(plan));
    entry.bytes += bytes;
    bytes_ += bytes;
    ++entry.plans;
    ++plans_;
    // `entry` was used last, so it is never the one to go.
    while ((plans_ > plans_max_ || bytes_ > bytes_max_) && entries_.size() > 1) drop_oldest();
}

}  // namespace weft::graphql::detail
