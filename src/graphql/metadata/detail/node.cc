#include "graphql/metadata/detail/node.h"

#include <algorithm>
#include <set>

namespace weft::graphql::metadata::detail {

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string joined(std::initializer_list<std::string_view> words) {
    std::string out;
    for (std::string_view word : words) {
        if (!out.empty()) out += ", ";
        out.append("\"").append(word).append("\"");
    }
    return out;
}

}  // namespace

bool is_name(std::string_view text) {
    return !text.empty() && is_letter(text.front()) &&
           std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

Node Node::operator[](std::string_view key) const {
    if (!is_there()) return {nullptr, this, key, 0};
    if (!value_->is_object()) {
        wrong("must be an object");
        return {nullptr, this, key, 0};
    }
    return {value_->get_object().if_contains(key), this, key, 0};
}

void Node::required() const {
    if (!is_there()) wrong("is missing");
}

std::string Node::text() const {
    required();
    if (!is_there()) return "";
    if (!value_->is_string()) {
        wrong("must be a text");
        return "";
    }
    if (value_->get_string().empty()) wrong("must not be empty");
    return std::string(value_->get_string());
}

std::string Node::name() const {
    std::string out = text();
    if (is_well() && !is_name(out)) wrong("must be a GraphQL name, and \"" + out + "\" is not");
    return out;
}

QualifiedName Node::qualified() const {
    QualifiedName out;
    if (is_object()) {
        if ((*this)["schema"].is_there()) out.schema = (*this)["schema"].text();
        out.name = (*this)["name"].text();
        return out;
    }
    if (is_there() && !is_text()) wrong("must be a name, or an object with \"schema\" and \"name\"");
    out.name = text();
    return out;
}

JsonObject Node::object() const {
    required();
    return object_or_empty();
}

JsonObject Node::object_or_empty() const {
    if (!is_there()) return {};
    if (value_->is_object()) return value_->get_object();
    wrong("must be an object");
    return {};
}

std::vector<std::string> Node::texts() const {
    required();
    return texts_or_empty();
}

std::vector<std::string> Node::texts_or_empty() const {
    std::vector<std::string> out;
    std::set<std::string> seen;
    each([&](const Node& item) {
        out.push_back(item.text());
        if (item.is_well() && !seen.insert(out.back()).second) item.wrong("repeats \"" + out.back() + "\"");
    });
    return out;
}

std::string Node::text_or(std::string_view fallback) const {
    if (!is_there()) return std::string(fallback);
    // A text without a letter is fine here: comments and the like.
    if (value_->is_string()) return std::string(value_->get_string());
    wrong("must be a text");
    return std::string(fallback);
}

std::optional<std::string> Node::text_if_there() const {
    if (!is_there()) return std::nullopt;
    return text_or();
}

std::string Node::name_or_empty() const {
    return is_there() ? name() : "";
}

bool Node::boolean(bool fallback) const {
    if (!is_there()) return fallback;
    if (value_->is_bool()) return value_->get_bool();
    wrong("must be true or false");
    return fallback;
}

std::optional<std::int64_t> Node::count() const {
    if (!is_there()) return std::nullopt;
    if (auto out = value_->if_int64(); out && *out >= 0) return out;
    wrong("must be a whole number, 0 or more");
    return std::nullopt;
}

std::string Node::word(std::initializer_list<std::string_view> words) const {
    if (!is_there()) return std::string(*words.begin());
    std::string out = text();
    if (is_well() && std::ranges::find(words, out) == words.end()) wrong("must be one of " + joined(words));
    return out;
}

void Node::each(const std::function<void(const Node&)>& read) const {
    if (!is_there()) return;
    if (!value_->is_array()) return wrong("must be a list");
    const JsonArray& items = value_->get_array();
    if (items.size() > kMembersMax) return too_many("members", kMembersMax);
    for (std::size_t i = 0; i < items.size() && is_well(); ++i) read(Node(&items[i], this, "", i));
}

void Node::each_member(const std::function<void(std::string_view, const Node&)>& read) const {
    if (!is_there()) return;
    if (!value_->is_object()) return wrong("must be an object");
    const JsonObject& members = value_->get_object();
    if (members.size() > kMembersMax) return too_many("members", kMembersMax);
    for (const auto& member : members) {
        if (!is_well()) return;
        std::string_view key(member.key().data(), member.key().size());
        read(key, Node(&member.value(), this, key, 0));
    }
}

std::string Node::path() const {
    if (parent_ == nullptr) return "$";
    std::string out = parent_->path();
    if (key_.empty()) return out + "[" + std::to_string(index_) + "]";
    return out + (is_name(key_) ? "." + std::string(key_) : "['" + std::string(key_) + "']");
}

void Node::fail(Code code, std::string_view what) const {
    if (!is_well()) return;
    auto at = path();
    Error error{.code = code, .user = at + ": " + std::string(what)};
    *error_ = std::move(error).with_field(std::move(at));
}

void Node::wrong(std::string_view what) const {
    fail(Code::kInvalid, what);
}

void Node::too_many(std::string_view what, std::size_t most) const {
    fail(Code::kLimit, "more than " + std::to_string(most) + " " + std::string(what));
}

}  // namespace weft::graphql::metadata::detail
